"""Runs for other programs: CSV that no spreadsheet takes for a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from io import StringIO

from harness.model.declared import Proof
from harness.model.judged import Estimate, Row, Summary, WorkloadSummary
from harness.show.text import clean

COLUMNS = (
    "run", "started", "machine", "case", "workload", "n", "variant", "technique", "rival", "status", "certificate", "seconds", "seconds_low",
    "seconds_high", "speedup", "speedup_low", "speedup_high", "cpu_seconds", "start_seconds", "first_call_seconds", "payback_calls", "peak_bytes",
    "traced_peak_bytes", "times_limit",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet would run when a cell begins with it."""


def csv_text(summaries: Sequence[Summary]) -> str:
    """One line a key, as RFC 4180 has it; what was not measured is empty.

    Text that begins like a formula gets an apostrophe in front, as spreadsheets themselves mark text; control characters are replaced.
    """
    buffer = StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for summary in summaries:
        for workload in summary.workloads:
            writer.writerows(_cells(summary, workload, row) for row in workload.rows)
    return buffer.getvalue()


def safe(text: str) -> str:
    """Text that a spreadsheet shows as it is."""
    cleaned = clean(text)
    return f"'{cleaned}" if text.startswith(_FORMULA) or cleaned.startswith(_FORMULA) else cleaned


def _cells(summary: Summary, workload: WorkloadSummary, row: Row) -> Iterator[object]:
    run, result = summary.run, row.result
    for text in (run.id, run.started, run.machine.id, run.case, workload.name):
        yield safe(text)
    yield workload.n
    for text in (
        result.key.variant,
        str(result.technique),
        "yes" if result.rival else "no",
        str(result.status),
    ):
        yield safe(text)
    yield str(result.certificate.verdict if result.certificate else Proof.STALE)
    yield from _estimate(row.seconds)
    yield from _estimate(row.speedup.ratio if row.speedup else None)
    shown = row.seconds is not None
    memory = (result.memory.peak_bytes, result.memory.traced_peak_bytes) if shown else (None, None)
    for number in (
        row.cpu_seconds,
        row.start_seconds,
        row.first_call_seconds,
        row.payback_calls,
        *memory,
        row.times_limit,
    ):
        yield "" if number is None else number


def _estimate(estimate: Estimate | None) -> tuple[float | str, ...]:
    return ("", "", "") if estimate is None else (estimate.value, estimate.low, estimate.high)
