"""Stored runs as curves: exact ratios, one point a run or a median of several, and where a level changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from harness.judge.summary import summarise
from harness.judge.trend import moment, thinned, trends
from harness.model.declared import Status
from harness.model.history import Point
from harness.model.measured import Key, Run
from harness.model.published import Moment
from tests.fakes.runs import MACHINE, fake_result, fake_run

QUICK = Key("tiny", "quick", "10")


def moments(values: Sequence[float], machine: str = "abcd1234") -> list[Moment]:
    """One run a value."""
    return [
        Moment(f"run{place:03}", "2026-01-01T00:00:00Z", machine, "CPython", None, {QUICK: value})
        for place, value in enumerate(values)
    ]


def test_a_moments_ratio_is_that_of_the_tables() -> None:
    """The reciprocal of the speed-up that the summary shows; the reference beside itself says nothing."""
    run = fake_run()
    (row,) = [row for row in summarise(run).workloads[0].rows if row.result.key.variant == "quick"]
    assert row.speedup is not None

    assert {QUICK: pytest.approx(1 / row.speedup.ratio.value, rel=1e-12)} == moment(run).ratios


@pytest.mark.parametrize("status", [Status.WRONG_ANSWER, Status.CRASHED])
def test_what_is_not_proven_has_no_ratio(status: Status) -> None:
    """Neither a wrong variant, nor any beside a wrong reference."""
    run = fake_run()
    (measured,) = run.workloads
    naive, quick = measured.results
    broken = replace(
        run, workloads=(replace(measured, results=(naive, replace(quick, status=status))),)
    )
    without = replace(
        run, workloads=(replace(measured, results=(replace(naive, status=status), quick)),)
    )

    assert ({}, {}) == (moment(broken).ratios, moment(without).ratios)


def test_dropped_blocks_do_not_count() -> None:
    """As in the tables."""
    run: Run = fake_run()
    (measured,) = run.workloads
    conditions = tuple(
        replace(one, dropped="noise") if one.block else one for one in measured.conditions
    )

    assert {} == moment(replace(run, workloads=(replace(measured, conditions=conditions),))).ratios


def test_many_runs_share_points() -> None:
    """Never more points than asked for, each the median of neighbours and named after the first of them."""
    points = [Point(f"run{place}", float(place)) for place in range(10)]

    assert points == thinned(points, 10)
    assert [Point("run0", 1.5), Point("run4", 5.0), Point("run7", 8.0)] == thinned(points, 3)


def test_every_machine_has_a_curve_of_its_own() -> None:
    """A step between two machines is none: each has its level."""
    both = [
        *moments([0.1] * 5),
        *(replace(one, run=f"b{one.run}") for one in moments([0.3] * 5, "other")),
    ]
    found = trends(both, [QUICK], detect=lambda values: [(0, len(values))])

    assert [("abcd1234", 5, ()), ("other", 5, ())] == [
        (one.curve.machine, one.runs, one.steps) for one in found
    ]


def test_a_step_is_found_at_its_run() -> None:
    """By asv's own detection: 20 % from the seventh of twelve runs on."""
    pytest.importorskip("asv")
    (trend,) = trends(
        moments([0.1, 0.101, 0.1, 0.099, 0.1, 0.1, 0.12, 0.121, 0.12, 0.119, 0.12, 0.12]), [QUICK]
    )
    (step,) = trend.steps

    assert ("run005", "run006") == (step.last, step.first)
    assert pytest.approx(0.2, abs=0.01) == step.change


def test_environments_are_kept_apart() -> None:
    """Another numpy is another environment."""
    run = fake_run()
    newer = replace(
        run, machine=replace(MACHINE, libraries={"numpy": "9"}), workloads=run.workloads
    )

    assert moment(run).environment != moment(newer).environment
    assert fake_result("quick", 1).key == QUICK
