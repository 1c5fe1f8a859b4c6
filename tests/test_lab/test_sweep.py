"""Who still takes part at the next size, and who is timed with more processors."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness import Case, exact, sweep
from harness.lab.sweep import Look, crew_sizes, crews, cut_off, predicted
from harness.model.declared import Status, Technique
from harness.model.measured import Plan
from tests.fakes.sweeps import fake_sweep

PLAN = Plan(budget_seconds=6.0, min_blocks=3, sweep=True)


def looks(*known: tuple[int, float]) -> list[Look]:
    """What a variant took at these sizes."""
    return [Look(n, Status.OK, seconds) for n, seconds in known]


def test_a_slow_variant_is_cut_off_before_it_is_called() -> None:
    """Ten seconds a call at the next size do not fit twelve times into six seconds; the message says from what."""
    reason = cut_off(looks((100, 0.1), (1000, 1.0)), 10_000, 1.0, PLAN)

    assert (
        reason
        == "cut off: a call took 1 s at n = 1000 and would take about 10 s here; raise --budget"
    )


def test_what_fits_the_budget_goes_on() -> None:
    """A tenth of a second a call, twelve times, is less than six seconds; and so is what is not known yet."""
    assert cut_off(looks((100, 1e-3), (1000, 1e-2)), 10_000, 1.0, PLAN) == ""
    assert cut_off([], 10_000, 1.0, PLAN) == ""


@pytest.mark.parametrize("status", [Status.SKIPPED, Status.TIMEOUT, Status.OOM])
def test_who_was_out_stays_out(status: Status) -> None:
    """A variant that was skipped, hung or ran out of memory at a smaller size is not tried at a larger one."""
    assert (
        cut_off([Look(10, Status.OK, 1e-6), Look(100, status, None)], 1000, 1.0, PLAN)
        == f"cut off: {status} at n = 100 already"
    )


def test_the_next_time_follows_the_last_two_sizes() -> None:
    """From 1 s at 100 and 4 s at 200 (a square) come 16 s at 400; from one size, by the growth the case expects."""
    assert predicted([(100, 1.0), (200, 4.0)], 400, 1.0) == pytest.approx(16.0)
    assert predicted([(100, 1.0)], 400, 3.0) == pytest.approx(64.0)
    assert predicted([(100, 1.0)], 400, None) == pytest.approx(4.0)


def test_noise_never_predicts_less_time_for_more_work() -> None:
    """A curve that seems to fall is taken as flat, one that seems to explode as no steeper than a fourth power."""
    assert predicted([(100, 2.0), (200, 1.0)], 400, 1.0) == pytest.approx(1.0)
    assert predicted([(100, 1.0), (110, 9.0)], 220, 1.0) == pytest.approx(9.0 * 2**4)


def test_the_parallel_ones_are_timed_at_their_largest_size() -> None:
    """By technique, or because they used more processor time than there was wall time; at the largest size they reached."""
    run = fake_sweep({"naive": lambda n: 1e-5 * n, "quick": lambda n: 1e-6}, sizes=(10, 100, 1000))
    case = Case(
        function="f",
        variants=("naive", "quick"),
        workloads=sweep(lambda n, seed: (n,), n=(10, 100, 1000)),
        same=exact,
    )
    pool = tuple(
        replace(
            one,
            results=(one.results[0], replace(one.results[1], technique=Technique.MULTIPROCESSING)),
        )
        for one in run.workloads
    )
    found = crews(replace(run, workloads=pool), case)

    assert [("quick", "1000")] == [(name, measured.workload) for name, measured in found]


@pytest.mark.parametrize(
    ("processors", "sizes"), [(1, [1]), (2, [1, 2]), (6, [1, 2, 4, 6]), (8, [1, 2, 4, 8])]
)
def test_crews_grow_by_doubling(processors: int, sizes: list[int]) -> None:
    """One, two, four ... and all there are."""
    assert sizes == crew_sizes(processors)


def test_a_size_of_nothing_predicts_nothing() -> None:
    """No layers, no bodies: a case may well measure that, and a logarithm cannot."""
    assert cut_off(looks((0, 0.1)), 1, 1.0, PLAN) == ""
    assert (
        cut_off(looks((0, 0.1), (1, 0.2)), 3, 1.0, PLAN)
        == cut_off(looks((1, 0.2)), 3, 1.0, PLAN)
        != ""
    )
