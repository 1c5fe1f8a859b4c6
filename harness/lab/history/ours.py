"""Our own runs in asv's store: for the commit that is checked out, without building or measuring anything again."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import AskedWrongly
from harness.judge.statistics import CONFIDENCE, student_quantile
from harness.lab.history import files
from harness.lab.history.airspeed import Project, machine_file
from harness.lab.repository import Repository
from harness.model.judged import Estimate, Row, Summary
from harness.model.measured import Run

_CELL = (
    "result",
    "stats_ci_99_a",
    "stats_ci_99_b",
    "stats_q_25",
    "stats_q_75",
    "stats_number",
    "stats_repeat",
    "samples",
)


@dataclass(frozen=True, slots=True)
class Added:
    """What was written for one run."""

    path: Path
    run: str
    measured: int
    missing: tuple[str, ...]
    """Keys of the run that have no number to give."""


def commit_of(run: Run, repository: Repository, wanted: str | None) -> str:
    """The commit that a run is filed under: as asked, else the one that was checked out when it was measured.

    Raises:
        AskedWrongly: it measured other code than a commit's, or does not say, and nobody said which commit is meant.
    """
    if wanted is not None:
        return repository.commit(wanted)
    remedy = "say which commit the run measured: --commit REV; or commit first, then run"
    if run.checkout is None:
        raise AskedWrongly(f"run {run.id} does not say which commit it measured", remedy)
    if run.checkout.changed:
        raise AskedWrongly(
            f"run {run.id} measured no commit: the code had changed since {run.checkout.commit[:10]}",
            remedy,
        )
    return repository.commit(run.checkout.commit)


def checked_out(repository: Repository) -> str:
    """The commit that is checked out, if the working tree is exactly that.

    Raises:
        AskedWrongly: the working tree has other code.
    """
    changed = repository.changed_code()
    if changed:
        raise AskedWrongly(
            f"the working tree is no commit: {', '.join(changed[:3])} changed", "commit first"
        )
    return repository.commit("HEAD")


def add(project: Project, summaries: Sequence[Summary], wanted: str | None) -> list[Added]:
    """Write runs into the store, each under the commit ``wanted``, or its own; of several runs of a key the last started counts.

    Raises:
        AskedWrongly: a run measured no commit.
        Inconclusive: the folder of a run's machine holds another machine's results.
        StoreError: the file that is there already is damaged, or cannot be written.
    """
    added = []
    commits = {
        summary.run.id: commit_of(summary.run, project.repository, wanted) for summary in summaries
    }
    for summary in sorted(summaries, key=lambda one: one.run.started):
        commit, here = commits[summary.run.id], summary.run.machine
        facts = machine_file(here.id, here.system, here.architecture, here.cpu, here.cores)
        folder = project.results / here.id
        files.require_same_machine(folder, facts)
        if not (folder / "machine.json").exists():
            files.write_json(msgspec.to_builtins(facts), folder / "machine.json")
        python = ".".join(here.python.split(".")[:2])
        path = files.file_of(project.results, here.id, commit, f"existing-py{python}")
        earlier = (
            files.read(path) if path.exists() else _empty(project.repository, commit, python, facts)
        )
        rows = {
            name: {"version": "1", **files.row_of(cells)} for name, cells in _rows(summary).items()
        }
        fresh = msgspec.structs.replace(
            earlier,
            results={
                name: [row.get(one) for one in earlier.result_columns] for name, row in rows.items()
            },
        )
        files.write(files.renewed(earlier, fresh), path)
        added.append(Added(path, summary.run.id, *_counted(summary)))
    return added


def _empty(
    repository: Repository, commit: str, python: str, facts: files.MachineFile
) -> files.ResultFile:
    described = {
        name: value for name, value in msgspec.to_builtins(facts).items() if name != "version"
    }
    seconds = int(repository.run("show", "--no-patch", "--format=%ct", commit))
    return files.ResultFile(
        commit_hash=commit, env_name=f"existing-py{python}", date=seconds * 1000, params={**described, "python": python}, python=python,
        requirements={}, env_vars={}, result_columns=list(files.COLUMNS), results={}, durations={}, version=files.VERSION,
    )  # fmt: skip


def _rows(summary: Summary) -> dict[str, dict[tuple[str, ...], dict[str, Any]]]:
    """Cells by benchmark and by (variant, size)."""
    found: dict[str, dict[tuple[str, ...], dict[str, Any]]] = {}
    case = re.sub(r"[^a-z0-9_]", "_", summary.run.case)
    for workload in summary.workloads:
        reference = next(
            (row for row in workload.rows if row.result.key.variant == summary.run.reference), None
        )
        for row in workload.rows:
            key = (f"'{row.result.key.variant}'", f"'{workload.name}'")
            for method, cell in _cells(row, reference):
                found.setdefault(f"{case}.{method}", {})[key] = cell
    return found


def _cells(row: Row, reference: Row | None) -> Iterable[tuple[str, dict[str, Any]]]:
    """One cell a benchmark; without a proven number it is a failure, which asv writes as null."""
    processes = _medians(row)
    seconds, ratio = row.seconds, None if row.speedup is None else row.speedup.ratio
    yield "time_call", _cell(seconds, list(processes.values())) if seconds else _cell(None)
    if ratio is not None:  # our speed-up is reference / variant; for asv what grows is worse
        theirs = _medians(reference) if reference else {}
        each = [own / theirs[block] for block, own in processes.items() if block in theirs]
        yield "track_ratio", _cell(Estimate(1 / ratio.value, 1 / ratio.high, 1 / ratio.low), each)
    else:
        yield "track_ratio", _cell(None)
    peak = row.result.memory.traced_peak_bytes
    if seconds is not None and peak is not None:
        yield "track_peak_bytes", {**_cell(None), "result": peak}


def _medians(row: Row) -> dict[int, float]:
    """Seconds a call by block: each process's median."""
    return {
        one.block: statistics.median(sample.seconds for sample in one.samples)
        for one in row.result.processes
        if one.samples
    }


def _cell(estimate: Estimate | None, processes: Sequence[float] = ()) -> dict[str, Any]:
    """The columns of one value: asv keeps an interval of 99 %, and the quartiles of what the value is the middle of."""
    if estimate is None or len(processes) < 2:
        return dict.fromkeys(_CELL)
    low, _, high = statistics.quantiles(processes, n=4, method="inclusive")
    wide = widened(estimate, len(processes))
    return dict(
        zip(
            _CELL,
            (wide.value, wide.low, wide.high, low, high, 1, len(processes), None),
            strict=True,
        )
    )


def widened(estimate: Estimate, processes: int) -> Estimate:
    """Turn our interval of 95 % into one of 99 %: Student's quantiles on the log scale, as it was made."""
    factor = student_quantile(processes - 1, 0.99) / student_quantile(processes - 1, CONFIDENCE)
    return Estimate(
        estimate.value,
        estimate.value * (estimate.low / estimate.value) ** factor,
        estimate.value * (estimate.high / estimate.value) ** factor,
    )


def _counted(summary: Summary) -> tuple[int, tuple[str, ...]]:
    rows = [row for workload in summary.workloads for row in workload.rows]
    missing = tuple(
        f"{row.result.key} ({row.result.status})" for row in rows if row.seconds is None
    )
    return len(rows) - len(missing), missing
