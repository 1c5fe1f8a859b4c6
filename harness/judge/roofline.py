"""From figures and results to the roofline: which roofs there are, and which variants stand under them.

The picture is that of Williams, Waterman and Patterson (Roofline, CACM 52(4), 2009).  What a variant is credited with is
the work of the *question* as its reference states it, not the instructions it executed: a cleverer algorithm may therefore
stand above a roof that no program with the reference's work could reach.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.judge.summary import best_of_ours
from harness.model.declared import Proof
from harness.model.judged import Row, Summary, WorkloadSummary
from harness.model.limited import Figure, Point, Roofline, Standing
from harness.model.measured import Machine, Roof

_OPERATIONS = 2
"""A multiply-add is two."""


def roofline(
    machine: Machine,
    roofs: Sequence[Roof],
    summaries: Sequence[Summary],
    left_out: Sequence[str] = (),
) -> Roofline:
    """Return the picture: each case with its largest measured workload whose work is known."""
    found: list[Point] = []
    missing = list(left_out)
    for summary in summaries:
        points = list(_points(summary))
        found += points
        if not points:
            missing.append(
                f"{summary.run.case}: its result file says nothing of the work of a call"
            )
    return Roofline(machine, tuple(roofs), tuple(found), tuple(missing))


def roofs_of(figures: Iterable[Figure]) -> Iterator[Roof]:
    """Slopes of one core and of all, then the flat roofs."""
    for figure in figures:
        if figure.name == "read_bytes_per_second":
            yield Roof(figure.where, bytes_per_second=figure.value)
        elif figure.name == "read_together_bytes_per_second":
            yield Roof(
                f"{figure.where}, {figure.workers} cores",
                bytes_per_second=figure.value,
                together=True,
            )
        elif figure.name == "fma_per_second":
            yield Roof("multiply-adds, one core", operations_per_second=_OPERATIONS * figure.value)
        elif figure.name == "fma_together_per_second":
            yield Roof(
                f"multiply-adds, {figure.workers} cores",
                operations_per_second=_OPERATIONS * figure.value,
                together=True,
            )


def _points(summary: Summary) -> Iterator[Point]:
    works = {
        measured.workload: measured.work
        for measured in summary.run.workloads
        if measured.work is not None
    }
    told = [
        workload
        for workload in summary.workloads
        if workload.name in works and best_of_ours(workload) is not None
    ]
    if not told:
        return
    largest = max(told, key=lambda workload: workload.n)
    work = works[largest.name]
    for standing, row in _standing(largest):
        if work.operations > 0 and work.n_bytes > 0 and row.seconds is not None:
            yield Point(
                summary.run.case,
                largest.name,
                row.result.key.variant,
                standing,
                work.operations,
                work.n_bytes,
                row.seconds.value,
            )


def _standing(workload: WorkloadSummary) -> Iterator[tuple[Standing, Row]]:
    best = best_of_ours(workload)
    timed = [row for row in workload.rows if row.seconds is not None]
    for row in timed:
        if (
            row.result.certificate is not None
            and row.result.certificate.verdict is Proof.REFERENCE
            and row is not best
        ):
            yield Standing.REFERENCE, row
    if best is not None:
        yield Standing.OURS, best
    rivals = [row for row in timed if row.result.rival]
    if rivals:
        yield Standing.RIVAL, min(rivals, key=lambda row: row.seconds.value if row.seconds else 0.0)
