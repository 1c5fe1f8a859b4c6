"""What a name on the command line of ``compare`` means: a run, or a commit by its history or by the results it carries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from harness.errors import Inconclusive, StoreError
from harness.judge.summary import summarise
from harness.lab import places, store
from harness.lab.history.airspeed import Project
from harness.lab.repository import Repository
from harness.lab.store.choosing import chosen_of
from harness.model.compared import Given, Side
from harness.model.history import Quantity, Recorded, State
from harness.model.judged import Estimate, Summary
from harness.model.measured import Key, Machine, Run


def side_of_runs(asked: str, origin: str, summaries: Sequence[Summary]) -> Side:
    """Runs of one machine as one side; of two runs of a key the later counts."""
    given: dict[Key, Given] = {}
    for summary in sorted(summaries, key=lambda one: one.run.started):
        for workload in summary.workloads:
            for row in workload.rows:
                speedup = row.speedup.ratio if row.speedup else None
                reference = row.result.key.variant == summary.run.reference
                given[row.result.key] = Given(
                    row.seconds,
                    speedup,
                    str(row.result.status),
                    reference,
                    workload.n,
                    len(row.result.processes),
                )
    runs = [summary.run for summary in summaries]
    unfinished = tuple((run.case, run.id) for run in runs if not run.complete)
    return Side(
        asked,
        origin,
        facts_of(runs[-1].machine),
        given,
        0.95,
        {run.case: run.digest for run in runs},
        unfinished,
    )


def facts_of(machine: Machine) -> dict[str, str]:
    """What must agree, by name."""
    facts = {
        "cpu": machine.cpu, "processors": str(machine.cores), "architecture": machine.architecture, "system": machine.system,
        "python": machine.python, "implementation": machine.implementation,
    }  # fmt: skip
    return {
        **facts,
        **{f"{name}'s version": version for name, version in machine.libraries.items()},
    }


def sides_of_commit(asked: str, repository: Repository, project: Project | None) -> list[Side]:
    """Everything that is known of a commit: first its history, one side a machine and environment; else the results that lie in it.

    Raises:
        AskedWrongly: there is no such revision.
        Inconclusive: nothing is known of it.
        StoreError: a file is damaged.
    """
    commit = repository.commit(asked)
    recorded = [one for one in project.recorded() if one.commit == commit] if project else []
    if recorded:
        return [_side_of_history(asked, one) for one in recorded]
    by_machine: dict[str, list[Summary]] = {}
    for summary in _carried(repository, commit):
        by_machine.setdefault(summary.run.machine.id, []).append(summary)
    if not by_machine:
        raise Inconclusive(
            f"nothing was measured of {asked} ({commit[:10]}): it is in no history, and carries no results",
            f"python -m harness history run {asked}; or: python -m harness gate --against {asked}",
        )
    return [
        side_of_runs(asked, f"results in {commit[:10]}", summaries)
        for summaries in by_machine.values()
    ]


def _side_of_history(asked: str, one: Recorded) -> Side:
    given: dict[Key, Given] = {}
    for value in one.values:
        if (
            value.measurand.quantity not in {Quantity.RATIO, Quantity.SECONDS}
            or value.state is State.SKIPPED
        ):
            continue
        there = given.get(value.measurand.key, Given(None, None, "ok"))
        if value.estimate is None:
            there = replace(there, status=str(value.state))
        elif value.measurand.quantity is Quantity.SECONDS:
            there = replace(there, seconds=value.estimate)
        else:  # asv keeps variant / reference
            ratio = value.estimate
            there = replace(there, speedup=Estimate(1 / ratio.value, 1 / ratio.high, 1 / ratio.low))
        given[value.measurand.key] = there
    names = {"cpu": "cpu", "processors": "num_cpu", "architecture": "arch", "system": "os"}
    facts = {name: one.facts[theirs] for name, theirs in names.items() if one.facts.get(theirs)}
    return Side(
        asked, f"history of {one.commit[:10]}", {**facts, "machine": one.machine, "environment": one.environment, "python": one.python}, given, 0.99
    )  # fmt: skip


def _carried(repository: Repository, commit: str) -> Iterator[Summary]:
    """The run that stands for every case and machine among the result files of a commit."""
    listed = repository.run(
        "ls-tree", "-r", "--name-only", "-z", commit, "--", f"{places.PUBLISHED}/"
    ).split("\0")
    found: dict[tuple[str, str], dict[str, Run]] = {}
    files: dict[str, str] = {}
    for name in sorted(listed):
        parts = PurePosixPath(name).parts
        if len(parts) == 3 and name.endswith(".json") and places.is_result(parts[-1]):
            run = store.outline(_blob(repository, commit, name), _path(commit, name))
            found.setdefault((run.case, run.machine.id), {})[run.id] = run
            files[run.id] = name

    def read(run: str) -> Run:
        name = files[run]
        return store.decode(_blob(repository, commit, name), _path(commit, name))

    for runs in found.values():
        chosen = chosen_of(list(runs.values()), read)
        if chosen is not None:
            yield summarise(chosen, files[chosen.id])


def _path(commit: str, name: str) -> Path:
    return Path(f"{commit[:10]}:{name}")


def _blob(repository: Repository, commit: str, name: str) -> bytes:
    if int(repository.run("cat-file", "-s", f"{commit}:{name}")) > store.LARGEST_FILE:
        raise StoreError(
            f"{_path(commit, name)}: larger than {store.LARGEST_FILE} bytes",
            "no result file of ours is that large",
        )
    data = repository.run("cat-file", "blob", f"{commit}:{name}")
    return data.encode(errors="surrogateescape")
