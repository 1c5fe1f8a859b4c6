"""Who still takes part at the next size, and who is timed with more processors."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness import Case, Workload, exact, sweep
from harness.lab.sweep import crew_sizes, crews, cut_off, predicted
from harness.model.declared import Status, Technique
from harness.model.measured import Plan, Run
from tests.fakes.sweeps import fake_sweep


def nothing(n: int, seed: int) -> tuple[int]:
    """Arguments that nobody looks at."""
    return (n,)


CASE = Case(function="f", variants=("naive", "quick"), workloads=sweep(nothing, n=(10, 100, 1000, 10_000)), same=exact, growth=1.0)
LARGEST = CASE.workloads[-1]
PLAN = Plan(budget_seconds=6.0, min_blocks=3, sweep=True)


def run_of(seconds: float) -> Run:
    """A sweep up to n = 1000 in which naive takes n times that long."""
    return fake_sweep({"naive": lambda n: seconds * n, "quick": lambda n: 1e-6}, sizes=(10, 100, 1000))


def test_a_slow_variant_is_cut_off_before_it_is_called() -> None:
    """Ten seconds a call at the next size do not fit twelve times into six seconds; the message says from what."""
    reasons = cut_off(run_of(1e-3), LARGEST, CASE, PLAN)

    assert {"naive": "cut off: a call took 1 s at n = 1000 and would take about 10 s here; raise --budget"} == reasons


def test_what_fits_the_budget_goes_on() -> None:
    """A tenth of a second a call, twelve times, is less than six seconds."""
    assert {} == cut_off(run_of(1e-5), LARGEST, CASE, PLAN)


def test_who_was_cut_off_stays_out() -> None:
    """A variant that was skipped at a smaller size is not tried at a larger one."""
    run = fake_sweep({"naive": lambda n: 1e-6 if n < 1000 else float("inf"), "quick": lambda n: 1e-6}, sizes=(10, 100, 1000))

    assert {"naive": "cut off: skipped at n = 1000 already"} == cut_off(run, LARGEST, CASE, PLAN)


def test_a_wrong_answer_keeps_its_own_word() -> None:
    """Wrong at a small size is wrong at a large one: that is not for the cut-off to hide."""
    run = run_of(1e-3)
    wrong = tuple(
        replace(one, results=(replace(one.results[0], status=Status.WRONG_ANSWER, processes=()), one.results[1])) for one in run.workloads
    )

    assert {} == cut_off(replace(run, workloads=wrong), LARGEST, CASE, PLAN)


def test_other_series_do_not_count() -> None:
    """What a variant took on another kind of input says nothing about this one."""
    other = Workload("alike-10000", nothing, 10_000, series="alike")

    assert {} == cut_off(run_of(1e-3), other, CASE, PLAN)
    assert {} == cut_off(run_of(1e-3), Workload("lone", nothing, 10_000), CASE, PLAN)


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
    run = run_of(1e-5)
    pool = tuple(
        replace(one, results=(one.results[0], replace(one.results[1], technique=Technique.MULTIPROCESSING))) for one in run.workloads
    )
    found = crews(replace(run, workloads=pool), CASE)

    assert [("quick", "1000")] == [(name, measured.workload) for name, measured in found]


@pytest.mark.parametrize(("processors", "sizes"), [(1, [1]), (2, [1, 2]), (6, [1, 2, 4, 6]), (8, [1, 2, 4, 8])])
def test_crews_grow_by_doubling(processors: int, sizes: list[int]) -> None:
    """One, two, four ... and all there are."""
    assert sizes == crew_sizes(processors)
