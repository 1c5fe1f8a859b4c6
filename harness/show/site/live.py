"""The page of runs in progress: what they have so far, and what was interrupted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.judge.summary import best_of_ours, summarise
from harness.model.judged import Row, WorkloadSummary
from harness.model.measured import Run
from harness.model.published import Unfinished, Workshop
from harness.show.site.pictures import by_speed
from harness.show.site.rendering import render

REFRESH_SECONDS = 2
PATIENCE_SECONDS = 120
"""A run that was not written to for longer was interrupted: no step of a variant may take as long by default."""


@dataclass(frozen=True, slots=True)
class _Table:
    """One workload, as far as it was measured."""

    summary: WorkloadSummary
    rows: Sequence[Row]
    best: Row | None


@dataclass(frozen=True, slots=True)
class _Running:
    """One run in progress."""

    run: Run
    age_seconds: float
    complete: int
    tables: Sequence[_Table]


def live_page(
    workshop: Workshop, *, store: str, site: bool, has_history: bool, still: bool = False
) -> bytes:
    """Return the page; it looks again by itself as long as something may come.

    Args:
        workshop: what is not complete.
        store: where runs are looked for, as it was named.
        site: whether the other pages are there to link to.
        has_history: whether the page of the commits is.
        still: do not look again: what moves by itself is hard to read for some.
    """
    running = [_running(one) for one in workshop.unfinished if one.age_seconds < PATIENCE_SECONDS]
    interrupted = [one for one in workshop.unfinished if one.age_seconds >= PATIENCE_SECONDS]
    return render(
        "live.html", root="", here="live", has_history=has_history, site=site, running=running, interrupted=interrupted, damaged=workshop.damaged,
        store=store, refresh=None if still else REFRESH_SECONDS, patience=PATIENCE_SECONDS,
    )  # fmt: skip


def _running(one: Unfinished) -> _Running:
    tables = [
        _Table(summary, by_speed(summary.rows), best_of_ours(summary))
        for summary in summarise(one.run).workloads
    ]
    return _Running(
        one.run, one.age_seconds, sum(measured.complete for measured in one.run.workloads), tables
    )
