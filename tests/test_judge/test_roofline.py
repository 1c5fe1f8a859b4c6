"""Which roofs there are, and who stands under them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.errors import ExitCode
from harness.judge.roofline import roofline, roofs_of
from harness.judge.summary import best_of_ours, exit_code, summarise
from harness.model.declared import Status, Work
from harness.model.limited import Standing
from harness.model.measured import Roof, Run
from tests.fakes.limits import fake_limits
from tests.fakes.runs import MACHINE, fake_result, fake_run


def worked(run: Run, *, bound: float | None = 1e-7, rival: bool = False) -> Run:
    """The run with 5000 operations on 100 bytes a call."""
    results = run.workloads[0].results
    if rival:
        results = (*results, replace(fake_result("library", 500), rival=True))
    return replace(
        run,
        workloads=(
            replace(
                run.workloads[0], work=Work(5000.0, 100.0), bound_seconds=bound, results=results
            ),
        ),
    )


def test_roofs_are_slopes_and_peaks() -> None:
    """A multiply-add is two operations; what all cores do together is drawn apart."""
    roofs = tuple(roofs_of(fake_limits().figures))

    assert roofs == (
        Roof("L1", bytes_per_second=1e11),
        Roof("memory", bytes_per_second=1e10),
        Roof("multiply-adds, one core", operations_per_second=4e10),
        Roof("multiply-adds, 2 cores", operations_per_second=7.6e10, together=True),
        Roof("memory, 2 cores", bytes_per_second=1.5e10, together=True),
    )


def test_reference_best_and_best_rival_stand_on_it() -> None:
    """All are credited with the work of the question, each over its own time."""
    points = roofline(MACHINE, (), [summarise(worked(fake_run(), rival=True))]).points

    assert [(point.variant, point.standing) for point in points] == [
        ("naive", Standing.REFERENCE), ("quick", Standing.OURS), ("library", Standing.RIVAL)
    ]  # fmt: skip
    assert {point.intensity for point in points} == {50.0}
    assert points[0].operations_per_second == pytest.approx(5000 / 10e-6, rel=0.01)


def test_a_case_without_work_is_left_out_with_a_reason() -> None:
    """Nobody wonders where it is."""
    picture = roofline(MACHINE, (), [summarise(fake_run())], ["brc: no complete run"])

    assert picture.points == ()
    assert picture.left_out == (
        "brc: no complete run",
        "tiny: its result file says nothing of the work of a call",
    )


def test_faster_than_the_limit_is_an_error_and_no_triumph() -> None:
    """GIVEN a bound of 5 µs WHEN one variant takes 1 µs THEN it has the word, no number, exit 3, and is not the best of ours."""
    summary = summarise(worked(fake_run(), bound=5e-6))
    slow, quick = summary.workloads[0].rows

    assert (slow.result.status, slow.times_limit) == (Status.OK, pytest.approx(2.0, rel=0.01))
    assert (quick.result.status, quick.seconds, quick.times_limit, quick.speedup) == (
        Status.IMPOSSIBLE_SPEED,
        None,
        None,
        None,
    )
    assert "1.00 µs is faster than the lower bound 5.00 µs" in quick.result.message
    assert best_of_ours(summary.workloads[0]) is slow
    assert exit_code(summary) is ExitCode.WRONG_ANSWER


@pytest.mark.parametrize(
    ("bound", "status"), [(1.1e-6, Status.OK), (1.12e-6, Status.IMPOSSIBLE_SPEED)]
)
def test_the_limits_tolerance_is_granted(bound: float, status: Status) -> None:
    """A tenth below the bound the limits may have been wrong; more than that is an error."""
    assert summarise(worked(fake_run(), bound=bound)).workloads[0].rows[1].result.status is status
