"""A run that was cut after any block and resumed ends as if nobody had cut it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import StoreError
from harness.judge.summary import exit_code, summarise
from harness.lab import store
from harness.lab.session import Session, resumed
from harness.model.declared import Status
from harness.model.measured import Measured, Plan, Run
from tests.fakes.sessions import (
    Quiet,
    Script,
    pretended_run,
    pretended_session,
    pretending,
)

ALONE = Plan(precision=1e-6, budget_seconds=1000.0, max_blocks=8)
SWEEP = Plan(precision=1e-6, budget_seconds=20.0, max_blocks=4, sweep=True)


def alone(folder: Path) -> Session:
    """One workload; one variant crashes in its second process."""
    return pretended_session(folder, "quick", "fragile", plan=ALONE)


def sizes(folder: Path) -> Session:
    """A sweep over three sizes: one variant is cut off at the last, one crashes, one spreads its work over processors."""
    return pretended_session(
        folder, "quick", "steep", "fragile", "pool", sizes=(10, 100, 1000), plan=SWEEP
    )


class Cut(Exception):
    """The run ends here, for the test."""


class Cutting(Quiet):
    """Cuts a run when it has been saved so often."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def saved(self, run: Run, path: Path, finished: Measured | None) -> None:
        """Count, and cut."""
        super().saved(run, path, finished)
        if self.saves == self.most:
            raise Cut


def numbers(run: Run) -> Run:
    """A run without its moment and, where sizes share processes, without the hash seeds of those: a cut through a block of several sizes begins another."""

    def seedless(measured: Measured) -> Measured:
        results = (
            replace(
                one, processes=tuple(replace(process, hash_seed=0) for process in one.processes)
            )
            for one in measured.results
        )
        return replace(measured, results=tuple(results))

    run = replace(run, started="")
    if run.plan.sweep:
        run = replace(run, workloads=tuple(map(seedless, run.workloads)))
    return run


@pytest.mark.parametrize("asked", [alone, sizes])
def test_cut_after_any_block_and_resumed_it_is_the_run_that_nobody_cut(
    asked: Callable[[Path], Session], tmp_path: Path
) -> None:
    """Through the store's file, at every place: the same samples, statuses and intervals; the cut file is incomplete, and nothing in it is lost."""
    counted = Quiet()
    whole = pretended_run(asked(tmp_path / "whole"), listener=counted)
    verdicts = summarise(numbers(whole))
    for most in range(1, counted.saves):
        with pytest.raises(Cut):
            pretended_run(asked(tmp_path / f"{most}"), listener=Cutting(most))
        (path,) = (tmp_path / f"{most}").glob("*/*.json")
        cut = store.read(path)
        again = pretended_run(asked(tmp_path / f"{most}"), earlier=cut)

        assert (False, True) == (cut.complete, again.complete), most
        assert numbers(whole) == numbers(again), most
        assert numbers(whole) == numbers(store.read(path)), most
        assert verdicts == summarise(numbers(again)), most
        assert exit_code(verdicts) == exit_code(summarise(again)), most


def test_the_pretended_runs_have_what_can_go_wrong(tmp_path: Path) -> None:
    """Or the test above would say little: several blocks, a crash after a kept block, a cut-off, crews of several blocks."""
    one, many = pretended_run(alone(tmp_path / "alone")), pretended_run(sizes(tmp_path / "sizes"))
    (measured,) = one.workloads
    statuses = [
        {result.key.variant: result.status for result in each.results} for each in many.workloads
    ]

    assert 8 == len(measured.conditions)
    assert [(Status.OK, 8), (Status.OK, 8), (Status.CRASHED, 1)] == [
        (result.status, len(result.processes)) for result in measured.results
    ]
    assert [Status.OK, Status.OK, Status.SKIPPED] == [each["steep"] for each in statuses]
    assert [Status.CRASHED] * 3 == [each["fragile"] for each in statuses]
    assert [("pool@1", 4), ("pool@2", 4)] == [
        (result.key.variant, len(result.processes)) for result in many.crews[0].results
    ]


def test_a_variant_that_was_measured_is_not_cut_off_by_a_second_thought(tmp_path: Path) -> None:
    """Resumed with another estimate of its time, what was begun is finished: its blocks are not dropped."""
    with pytest.raises(Cut):
        pretended_run(sizes(tmp_path), listener=Cutting(4))
    (path,) = tmp_path.glob("*/*.json")
    cut = store.read(path)

    def slower(measured: Measured) -> Measured:
        """Every sample took a thousand times as long as the pass before the blocks had promised."""
        results = tuple(
            replace(
                one,
                processes=tuple(
                    replace(
                        process,
                        samples=tuple(
                            replace(sample, ns=sample.ns * 1000) for sample in process.samples
                        ),
                    )
                    for process in one.processes
                ),
            )
            for one in measured.results
        )
        return replace(measured, results=results)

    again = pretended_run(
        sizes(tmp_path), earlier=replace(cut, workloads=tuple(map(slower, cut.workloads)))
    )
    before = {
        one.key: one
        for measured in cut.workloads
        for one in measured.results
        if one.status is Status.OK
    }
    after = {one.key: one for measured in again.workloads for one in measured.results}

    assert [] == [
        key for key, one in before.items() if len(after[key].processes) < len(one.processes)
    ]
    assert [] == [
        key for key in before if after[key].status is not Status.OK and key.variant != "fragile"
    ]


def test_times_of_nothing_are_refused(tmp_path: Path) -> None:
    """Where a case knows no lower bound, there is still one for a call: it is not crowned, and the others keep their numbers."""
    run = pretended_run(pretended_session(tmp_path, "quick", "moved", plan=ALONE))
    results = {one.key.variant: one for one in run.workloads[0].results}

    assert (Status.OK, Status.OK, Status.IMPOSSIBLE_SPEED) == tuple(
        results[name].status for name in ("naive", "quick", "moved")
    )
    assert "1 calls in 0 ns" in results["moved"].message
    assert () == results["moved"].processes


SHORT = Plan(precision=1e-6, budget_seconds=60.0)


def going_on(run: Run, folder: Path, **asked: float) -> Run:
    """The run, continued with another budget or precision."""
    again = pretended_session(folder, "quick", plan=replace(run.plan, **asked))  # type: ignore[arg-type]
    with pretending(Script.after(run)):
        opened = resumed(run, again.found, again.case, again.plan)
    return pretended_run(again, earlier=opened)


def test_a_complete_run_goes_on_with_more_time(tmp_path: Path) -> None:
    """It ended because its time was up: the blocks are kept, new ones follow until the new time is."""
    run = pretended_run(pretended_session(tmp_path, "quick", plan=SHORT))
    longer = going_on(run, tmp_path, budget_seconds=240.0)
    before, after = run.workloads[0], longer.workloads[0]

    assert run.complete
    assert longer.complete
    assert 60 <= before.spent_seconds < 240 <= after.spent_seconds
    for old, new in zip(before.results, after.results, strict=True):
        assert old.processes == new.processes[: len(old.processes)]
    assert len(after.conditions) > len(before.conditions)


@pytest.mark.parametrize(
    ("asked", "why"),
    [({}, "its budget is 60 s"), ({"precision": 0.9}, "every ratio is within ±90%")],
)
def test_a_complete_run_with_nothing_left_to_do_is_refused(
    asked: dict[str, float], why: str, tmp_path: Path
) -> None:
    """The message says why it ended, and which command would go on."""
    run = pretended_run(pretended_session(tmp_path, "quick", plan=SHORT))

    with pytest.raises(StoreError, match=why) as refused:
        going_on(run, tmp_path, **asked)
    assert f"--resume {run.id}" in refused.value.remedy
    budget = float(refused.value.remedy.partition("--budget ")[2].partition(";")[0])
    assert budget > 2 * run.workloads[0].spent_seconds


def test_no_cap_ends_a_run_before_its_time(tmp_path: Path) -> None:
    """More than the twenty blocks that used to be the most."""
    (measured,) = pretended_run(pretended_session(tmp_path, "quick", plan=SHORT)).workloads

    assert len(measured.conditions) > 20
    assert measured.spent_seconds >= 60
