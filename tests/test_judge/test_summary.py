"""From a run to what is shown: nothing unproven, nothing invented, the right exit code."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.errors import ExitCode, gravest
from harness.judge.summary import (
    best_of_ours,
    exit_code,
    summarise,
    why_it_ended,
    widest_ratio,
)
from harness.model.declared import Proof, Status
from harness.model.measured import Plan, Result, Run
from tests.fakes.runs import fake_certificate, fake_result, fake_run


def with_results(*results: Result) -> Run:
    """The fake run with other results."""
    run = fake_run()
    return replace(run, workloads=(replace(run.workloads[0], results=results),))


def test_the_numbers_of_a_simple_run() -> None:
    """naive 10 µs, quick 1 µs: ten times faster, paid back at once; the limit is 0.1 µs."""
    naive, quick = summarise(fake_run()).workloads[0].rows

    assert naive.seconds is not None
    assert naive.seconds.value == pytest.approx(10e-6, rel=1e-3)
    assert quick.speedup is not None
    assert quick.speedup.ratio.value == pytest.approx(10, rel=0.01)
    assert quick.times_limit == pytest.approx(10, rel=0.01)
    assert (naive.payback_calls, quick.payback_calls) == (None, 1)
    assert quick.times_best is not None
    assert quick.times_best.value == 1.0


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.OK])
def test_what_is_not_ok_shows_no_number(status: Status) -> None:
    """Samples or not: a row that is not ok has no time, no ratio, nothing."""
    broken = fake_result("broken", 500, status=status)
    row = (
        summarise(with_results(fake_result("naive", 10_000, reference=True), broken))
        .workloads[0]
        .rows[1]
    )

    assert (
        row.seconds,
        row.speedup,
        row.cpu_seconds,
        row.payback_calls,
        row.times_limit,
        row.samples_seconds,
    ) == (
        None,
        None,
        None,
        None,
        None,
        (),
    )


@pytest.mark.parametrize("verdict", [Proof.NOT_EQUAL, Proof.STALE])
def test_a_number_without_a_proof_is_not_shown(verdict: Proof) -> None:
    """A certificate that does not say equal is no certificate."""
    unproven = replace(
        fake_result("quick", 1_000), certificate=replace(fake_certificate("quick"), verdict=verdict)
    )
    missing = replace(fake_result("none", 1_000), certificate=None)
    summary = summarise(
        with_results(fake_result("naive", 10_000, reference=True), unproven, missing)
    )

    assert [row.seconds for row in summary.workloads[0].rows[1:]] == [None, None]
    assert exit_code(summary) is ExitCode.NOT_MEASURED


def test_rivals_are_never_the_best_of_ours() -> None:
    """Measured and shown, never ranked as ours."""
    rival = replace(fake_result("library", 100), rival=True)
    workload = summarise(
        with_results(
            fake_result("naive", 10_000, reference=True), fake_result("quick", 1_000), rival
        )
    ).workloads[0]
    best = best_of_ours(workload)

    assert best is not None
    assert best.result.key.variant == "quick"
    assert workload.rows[2].times_best is not None
    assert workload.rows[2].times_best.value == pytest.approx(0.1, rel=0.05)


def test_dropped_blocks_do_not_count_and_are_counted() -> None:
    """A block during which the machine slept is out, visibly; more than a fifth of them is inconclusive."""
    run = fake_run()
    measured = run.workloads[0]
    slept = (*measured.conditions[:2], replace(measured.conditions[2], dropped="the machine slept"))
    summary = summarise(replace(run, workloads=(replace(measured, conditions=slept),)))

    assert summary.workloads[0].blocks_kept == 2
    assert summary.workloads[0].blocks_dropped == ("the machine slept",)
    assert len(summary.workloads[0].rows[0].samples_seconds) == 10
    assert exit_code(summary) is ExitCode.INCONCLUSIVE


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (Status.WRONG_ANSWER, 3),
        (Status.LEFT_RUNNING, 3),
        (Status.IMPOSSIBLE_SPEED, 3),
        (Status.CRASHED, 4),
        (Status.UNAVAILABLE, 4),
        (Status.TOO_NOISY, 5),
        (Status.SKIPPED, 0),
        (Status.OK, 0),
    ],
)
def test_every_ending_has_its_exit_code(status: Status, code: int) -> None:
    """Wrong is 3, not measured 4, noisy 5; what was left out on purpose is 0."""
    summary = summarise(
        with_results(
            fake_result("naive", 10_000, reference=True), fake_result("other", 900, status=status)
        )
    )

    assert exit_code(summary) == code


def test_the_gravest_code_speaks() -> None:
    """3, 4, 6, 1, 5, 0."""
    order = [
        ExitCode.WRONG_ANSWER,
        ExitCode.NOT_MEASURED,
        ExitCode.STORE,
        ExitCode.REGRESSION,
        ExitCode.INCONCLUSIVE,
        ExitCode.OK,
    ]
    for index, code in enumerate(order):
        assert gravest(order[index:][::-1]) is code
    assert gravest([]) is ExitCode.OK


def test_nothing_measured_is_not_precise() -> None:
    """The stopping rule never stops on missing ratios."""
    measured = fake_run().workloads[0]
    lonely = replace(measured, results=(fake_result("naive", 10_000, reference=True),))
    empty = replace(
        measured,
        results=(
            fake_result("naive", 10_000, reference=True),
            replace(fake_result("quick", 1_000), processes=()),
        ),
    )

    assert widest_ratio(lonely, "naive") is None
    assert widest_ratio(empty, "naive") is None
    assert widest_ratio(measured, "naive") is not None


@pytest.mark.parametrize(
    ("cpu_share", "warned"), [(1.0, False), (0.9, False), (0.5, True), (0.05, False)]
)
def test_waiting_for_a_processor_is_said(cpu_share: float, warned: bool) -> None:
    """A long call that got half a processor was measured beside other work; one that hardly ran waited for an answer."""
    naive = fake_result("naive", 10_000, reference=True)
    processes = tuple(
        replace(
            process,
            samples=tuple(
                replace(sample, cpu_ns=round(sample.ns * cpu_share)) for sample in process.samples
            ),
        )
        for process in naive.processes
    )
    summary = summarise(
        with_results(replace(naive, processes=processes), fake_result("quick", 1_000))
    )

    assert any("other work" in warning for warning in summary.workloads[0].warnings) == warned


@pytest.mark.parametrize(
    ("plan", "complete", "said"),
    [
        (Plan(precision=0.5), True, ""),
        (Plan(precision=0.001), True, "time ran out at ±3.0% (goal ±0.1%)"),
        (Plan(precision=0.001, max_blocks=3), True, "ended after 3 blocks at ±3.0% (goal ±0.1%)"),
        (Plan(precision=0.001), False, "not finished: so far ±3.0% (goal ±0.1%)"),
    ],
)
def test_the_note_says_why_it_ended(plan: Plan, complete: bool, said: str) -> None:
    """Precise, out of time, an older perflab's cap, or cut off: never one for the other."""
    measured = replace(fake_run().workloads[0], complete=complete)

    assert said == why_it_ended(measured, plan, 0.03)


def test_a_run_that_ended_too_early_has_its_note_in_the_table() -> None:
    """One line of the summary's warnings; a precise one has none."""
    run = fake_run()
    early, precise = (
        summarise(replace(run, plan=Plan(precision=precision))).workloads[0].warnings
        for precision in (1e-9, 0.5)
    )

    assert ["time ran out at"] == [line[:15] for line in early]
    assert () == precise
