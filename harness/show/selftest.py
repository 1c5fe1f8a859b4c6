"""What the gate found out about itself, as a table and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from harness.errors import StoreError
from harness.model.judged import Estimate
from harness.model.measured import Machine
from harness.show import text
from harness.show.documents import to_bytes

if TYPE_CHECKING:
    from rich.console import Console

    from harness.model.gated import Detection, SelfTest

SCHEMA = "harness.selftest/1"


class DetectionDocument(msgspec.Struct, frozen=True):
    """How often one planted slowdown was called slower."""

    slowdown: float
    metric: str
    rate: Estimate
    trials: int
    slower: int
    unclear: int
    read: float
    seconds_per_key: float


class VariantDocument(msgspec.Struct, frozen=True):
    """A variant that slowdowns were planted into."""

    case: str
    variant: str
    workload: str


class SelfTestDocument(msgspec.Struct, frozen=True):
    """``harness.selftest/1``: false alarms, detection, and what a decision costs."""

    schema: str
    complete: bool
    started: str
    machine: Machine
    load_processes: int
    load_average: float
    variants: list[VariantDocument]
    tolerance: float
    budget_seconds: float
    false_alarm_rate: Estimate | None
    """Over all metrics, of trials with nothing planted."""
    false_alarms: list[DetectionDocument]
    """The same by metric."""
    detection: list[DetectionDocument]
    trials: int
    seconds_per_key: float | None
    """Mean of one decision by time, over all trials."""


def selftest_document(report: SelfTest) -> SelfTestDocument:
    """Arrange the report for readers of JSON."""
    from harness.judge.gate import rate

    nothing = [one for one in report.detections if not one.slowdown]
    timed = [one for one in report.detections if one.metric == "time"] or list(report.detections)
    trials = sum(one.trials for one in nothing)
    return SelfTestDocument(
        schema=SCHEMA,
        complete=report.complete,
        started=report.started,
        machine=report.machine,
        load_processes=report.load,
        load_average=report.load_average,
        variants=[VariantDocument(key.case, key.variant, key.workload) for key in report.variants],
        tolerance=report.tolerance,
        budget_seconds=report.budget_seconds,
        false_alarm_rate=rate(sum(one.slower for one in nothing), trials) if trials else None,
        false_alarms=[_detection(one) for one in nothing],
        detection=[_detection(one) for one in report.detections if one.slowdown],
        trials=sum(one.trials for one in report.detections),
        seconds_per_key=round(
            sum(one.seconds * one.trials for one in timed) / sum(one.trials for one in timed), 2
        )
        if timed
        else None,
    )


def _detection(one: Detection) -> DetectionDocument:
    return DetectionDocument(
        one.slowdown,
        one.metric,
        one.rate,
        one.trials,
        one.slower,
        one.unclear,
        one.read,
        one.seconds,
    )


def selftest_bytes(report: SelfTest) -> bytes:
    """The JSON document ``harness.selftest/1``."""
    return to_bytes(selftest_document(report))


def print_selftest(console: Console, report: SelfTest) -> None:
    """Print one line for each planted slowdown and metric."""
    from rich.table import Table
    from rich.text import Text

    from harness.show.table import put

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("planted", "metric", "called slower", "95 %", "unclear", "read", "seconds"):
        table.add_column(heading, justify="left" if heading in {"planted", "metric"} else "right")
    for one in report.detections:
        table.add_row(
            "nothing" if not one.slowdown else f"+{one.slowdown:.1%}",
            str(one.metric),
            f"{one.slower} of {one.trials}",
            f"{one.rate.low:.1%}..{one.rate.high:.1%}",
            str(one.unclear),
            f"{one.read:+.2%}",
            f"{one.seconds:.1f}",
        )
    put(console, table)
    variants = ", ".join(
        text.clean(f"{key.case}/{key.variant} ({key.workload})") for key in report.variants
    )
    put(
        console,
        Text(
            f"tolerance {report.tolerance:.1%}; {variants}; load average {report.load_average:.1f}, of it {report.load} processes of ours"
        ),
    )
    put(
        console,
        Text(
            "called slower with nothing planted: false alarms; seconds: mean wall time of one decision",
            style="dim",
        ),
    )


def read_selftest(data: bytes) -> SelfTestDocument:
    """Read what ``gate --self-test --json`` wrote.

    Raises:
        StoreError: it is something else.
    """
    try:
        document = msgspec.json.decode(data, type=SelfTestDocument)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise StoreError(
            f"this is no {SCHEMA} document: {error}",
            "python -m harness gate --self-test --json FILE writes one",
        ) from None
    if document.schema != SCHEMA:
        raise StoreError(
            f"schema {document.schema!r} is not {SCHEMA!r}",
            "python -m harness gate --self-test --json FILE writes one",
        )
    return document


def markdown(document: SelfTestDocument) -> str:
    """The same as a table for a page, with the machine it came from."""
    machine, cell = document.machine, text.markdown_cell
    variants = ", ".join(
        cell(f"{one.case}/{one.variant} ({one.workload})") for one in document.variants
    )
    lines = [
        (
            f"{document.started[:10]}, {cell(machine.cpu)}, {machine.cores} cores, {cell(machine.implementation)} {cell(machine.python)}; "
            f"beside {document.load_processes} busy processes of ours and whatever else ran there (load average {document.load_average:.1f}); "
            f"{document.trials} trials on {variants}; tolerance {document.tolerance:.0%}, budget {document.budget_seconds:g} s."
        ),
        "",
        "| planted | by | called slower | share, 95 % interval | nobody can say | read (median) | seconds a decision |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for one in (*document.false_alarms, *document.detection):
        planted = f"+{one.slowdown * 100:g} %" if one.slowdown else "nothing"
        share = f"{one.rate.value:.1%} ({one.rate.low:.1%}..{one.rate.high:.1%})"
        lines.append(
            f"| {planted} | {cell(one.metric)} | {one.slower} of {one.trials} | {share} | {one.unclear} | {one.read:+.2%} | {one.seconds_per_key:.1f} |"
        )
    return "\n".join([*lines, ""])
