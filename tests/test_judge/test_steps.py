"""Change points: a planted one is found where it is, noise is none, and what asv proposes is not believed blindly."""

from __future__ import annotations

import random

import pytest

from harness.judge.steps import find_steps, scatter, segments_of
from harness.model.history import Curve, Measurand, Point, Quantity
from harness.model.measured import Key

MEASURAND = Measurand(Key("tiny", "quick", "10"), Quantity.RATIO)


def curve(*values: float) -> Curve:
    """A curve of commits called c0, c1 ..."""
    return Curve(
        MEASURAND,
        "abcd1234",
        "py",
        tuple(Point(f"c{number}", value) for number, value in enumerate(values)),
    )


def noisy(levels: list[float], *, sigma: float, seed: int) -> Curve:
    """Levels with normal noise on the log scale."""
    source = random.Random(seed)
    return curve(*(level * 2.718281828 ** source.gauss(0, sigma) for level in levels))


@pytest.mark.parametrize("place", [1, 2, 3, 4, 5])
def test_a_planted_step_is_found_where_it_is(place: int) -> None:
    """20 % among six commits with noise of 0.5 %: one step, between the right two commits, of the right size."""
    for seed in range(20):
        (step,) = find_steps(noisy([0.5] * place + [0.6] * (6 - place), sigma=0.005, seed=seed))

        assert (f"c{place - 1}", f"c{place}") == (step.last, step.first)
        assert step.change == pytest.approx(0.2, abs=0.03)


def test_noise_is_no_step() -> None:
    """Two hundred curves of twelve commits with noise of 1 %, and none of them has a step."""
    found = [find_steps(noisy([1.0] * 12, sigma=0.01, seed=seed)) for seed in range(200)]

    assert [()] * 200 == found


def test_a_step_within_the_noise_is_none() -> None:
    """10 % where single values scatter by 10 % is nothing that one may say."""
    assert (
        sum(
            bool(find_steps(noisy([1.0] * 6 + [1.1] * 6, sigma=0.1, seed=seed)))
            for seed in range(50)
        )
        <= 2
    )


def test_two_steps_are_two() -> None:
    """Up and down again, each at its commit."""
    steps = find_steps(noisy([1.0] * 4 + [1.5] * 4 + [0.9] * 4, sigma=0.005, seed=1))

    assert [("c3", "c4"), ("c7", "c8")] == [(step.last, step.first) for step in steps]


def test_what_is_proposed_is_not_believed_blindly() -> None:
    """Borders everywhere: only the one that is a step remains, with the medians of both sides and the scatter."""
    (step,) = find_steps(
        curve(1.0, 1.01, 1.0, 2.0, 2.02, 2.0),
        detect=lambda values: [(place, place + 1) for place in range(len(values))],
    )

    assert ("c2", "c3") == (step.last, step.first)
    assert (1.0, 2.0) == (pytest.approx(step.before), pytest.approx(step.after))
    assert step.noise == pytest.approx(1.4826 * 0.00995 / 2**0.5, rel=0.01)


def test_the_smallest_step_is_asked_for() -> None:
    """4 % without noise is a step of 3 %, not of 5 %."""
    quiet = curve(*[1.0] * 5, *[1.04] * 5)

    assert () == find_steps(quiet, smallest=0.05)
    assert 1 == len(find_steps(quiet, smallest=0.03))


def test_two_points_are_too_few() -> None:
    """Which of two values is the exception nobody can tell."""
    assert () == find_steps(curve(1.0, 2.0))


def test_the_scatter_is_not_widened_by_a_step() -> None:
    """A jump is one difference among many."""
    assert scatter([0.0, 0.01, 0.0, 0.01, 5.0, 5.01, 5.0]) == pytest.approx(1.4826 * 0.01 / 2**0.5)


def test_asv_proposes_segments_without_gaps() -> None:
    """The real detection of asv: they follow each other from the first value to the last."""
    found = segments_of([0.0] * 5 + [1.0] * 5)

    assert [(0, 5), (5, 10)] == found
