"""What the gate sees of identical code, key by key: as a table, as Markdown and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from harness.errors import StoreError
from harness.judge.gate import sights
from harness.model.gated import AlikeTest, KeyVerdict, Metric
from harness.model.judged import Estimate
from harness.model.measured import Machine
from harness.show import text
from harness.show.documents import to_bytes
from harness.show.gate import change, percent
from harness.show.table import put

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from harness.model.gated import Sight

SCHEMA = "harness.alike/1"
_REMEDY = "python -m harness gate --self-test --all --json alike.json"
_UNITS = {
    Metric.TIME: "typical call",
    Metric.AVERAGE: "average call",
    Metric.INSTRUCTIONS: "instructions",
}


class AlikeKeyDocument(msgspec.Struct, frozen=True):
    """One key of identical code by one metric."""

    case: str
    variant: str
    workload: str
    metric: Metric
    verdict: str
    ratio: Estimate | None
    """Head / base; 1 is right."""
    smallest_effect: float | None
    """The slowdown that this measurement would have found 95 times in 100."""
    units: int
    calls: int | None
    how: str
    seconds: float


class SightDocument(msgspec.Struct, frozen=True):
    """All keys by one metric, in figures."""

    metric: Metric
    keys: int
    false_alarms: int
    faster: int
    unclear: int
    median_effect: float | None
    within_tolerance: int
    worst: list[str]
    """Keys with the largest smallest effects, and those."""


class AlikeGapDocument(msgspec.Struct, frozen=True):
    """A variant that could not be measured."""

    case: str
    variant: str
    status: str
    message: str


class AlikeDocument(msgspec.Struct, frozen=True):
    """``harness.alike/1``: the gate on identical code, over many keys."""

    schema: str
    complete: bool
    """False: it was interrupted, and holds what was known by then."""
    started: str
    machine: Machine
    load_average: float
    command: str
    tolerance: float
    budget_seconds: float
    seconds: float
    summary: list[SightDocument]
    keys: list[AlikeKeyDocument]
    gaps: list[AlikeGapDocument]
    notes: list[str]


def alike_document(report: AlikeTest) -> AlikeDocument:
    """Arrange the report for readers of JSON."""
    return AlikeDocument(
        schema=SCHEMA,
        complete=report.complete,
        started=report.started,
        machine=report.machine,
        load_average=report.load_average,
        command=report.command,
        tolerance=report.tolerance,
        budget_seconds=report.budget_seconds,
        seconds=report.seconds,
        summary=[_sight(one) for one in sights(report.keys, tolerance=report.tolerance)],
        keys=[_key(one) for one in report.keys],
        gaps=[
            AlikeGapDocument(gap.case, gap.variant, gap.status, gap.message) for gap in report.gaps
        ],
        notes=list(report.notes),
    )


def _sight(one: Sight) -> SightDocument:
    return SightDocument(
        metric=one.metric,
        keys=one.keys,
        false_alarms=one.false_alarms,
        faster=one.faster,
        unclear=one.unclear,
        median_effect=one.median_effect,
        within_tolerance=one.within,
        worst=[
            f"{key.key} {percent(key.smallest_effect or 0.0, signed=False)}" for key in one.worst
        ],
    )


def _key(one: KeyVerdict) -> AlikeKeyDocument:
    return AlikeKeyDocument(
        case=one.key.case,
        variant=one.key.variant,
        workload=one.key.workload,
        metric=one.metric,
        verdict=one.verdict,
        ratio=one.ratio,
        smallest_effect=one.smallest_effect,
        units=one.units,
        calls=one.calls,
        how=one.how,
        seconds=one.seconds,
    )


def alike_bytes(report: AlikeTest) -> bytes:
    """The JSON document ``harness.alike/1``."""
    return to_bytes(alike_document(report))


def read_alike(data: bytes) -> AlikeDocument:
    """Read what ``gate --self-test --all --json`` wrote.

    Raises:
        StoreError: it is something else.
    """
    try:
        document = msgspec.json.decode(data, type=AlikeDocument)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise StoreError(f"this is no {SCHEMA} document: {error}", _REMEDY) from None
    if document.schema != SCHEMA:
        raise StoreError(f"schema {document.schema!r} is not {SCHEMA!r}", _REMEDY)
    return document


def print_alike(console: Console, report: AlikeTest) -> None:
    """Print a line for each key and metric, the summary, and what could not be measured."""
    from rich.table import Table
    from rich.text import Text

    document = alike_document(report)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("key", "of", "read", "smallest effect", "verdict", "units"):
        left = heading in {"key", "of", "verdict"}
        table.add_column(heading, justify="left" if left else "right")
    for one in document.keys:
        table.add_row(*(Text(cell) for cell in _cells(one)))
    put(console, table)
    for line in _summary(document):
        put(console, Text(text.clean(line)))
    for gap in document.gaps:
        said = f"not measured: {gap.case}/{gap.variant}: {gap.status}: {gap.message}"
        put(console, Text(text.clean(said), style="red"))
    for note in document.notes:
        put(console, Text(text.clean(f"note: {note}"), style="dim"))


def _cells(one: AlikeKeyDocument) -> tuple[str, ...]:
    effect = (
        text.MISSING if one.smallest_effect is None else percent(one.smallest_effect, signed=False)
    )
    return (
        text.clean(f"{one.case}/{one.workload}/{one.variant}"),
        _UNITS[one.metric],
        change(one.ratio),
        effect,
        one.verdict,
        str(one.units),
    )


def _summary(document: AlikeDocument) -> Iterator[str]:
    """A line for each metric."""
    for one in document.summary:
        yield f"{_UNITS[one.metric]}: {_figures(one, document.tolerance)}"
    state = "" if document.complete else "; interrupted: not all keys"
    yield (
        f"{document.seconds / 60:.1f} min, load average {document.load_average:.1f}, "
        f"tolerance {percent(document.tolerance, signed=False)}{state}"
    )


def _figures(one: SightDocument, tolerance: float) -> str:
    seen = (
        text.MISSING
        if one.median_effect is None
        else f"median {percent(one.median_effect, signed=False)}, {one.within_tolerance} of {one.keys} at "
        f"{percent(tolerance, signed=False)} or less"
    )
    return (
        f"{one.false_alarms} false alarms of {one.keys} keys, {one.faster} faster, "
        f"{one.unclear} unclear; smallest effect: {seen}"
    )


def _scope(document: AlikeDocument) -> str:
    cases = dict.fromkeys(one.case for one in document.keys)
    variants = {(one.case, one.variant) for one in document.keys}
    return f"{len(variants)} variants of {text.markdown_cell(', '.join(cases))}"


def markdown(document: AlikeDocument) -> str:
    """The summary and the worst keys for a page, with the machine they come from; all keys are in the JSON."""
    machine, cell = document.machine, text.markdown_cell
    state = "" if document.complete else "Interrupted: not all keys. "
    lines = [
        (
            f"{state}{document.started[:10]}, {cell(machine.cpu)}, {machine.cores} cores, "
            f"{cell(machine.implementation)} {cell(machine.python)}, load average {document.load_average:.1f}; "
            f"{_scope(document)}, {document.seconds / 60:.1f} min, "
            f"tolerance {percent(document.tolerance, signed=False)}, budget {document.budget_seconds:g} s."
        ),
        "",
        "| of | keys | false alarms | faster | unclear | smallest effect, median | at the tolerance or less |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for one in document.summary:
        middle = (
            text.MISSING if one.median_effect is None else percent(one.median_effect, signed=False)
        )
        lines.append(
            f"| {_UNITS[one.metric]} | {one.keys} | {one.false_alarms} | {one.faster} | {one.unclear} | {middle} | {one.within_tolerance} |"
        )
    for one in document.summary:
        if one.metric is not Metric.INSTRUCTIONS:
            lines += [
                "",
                f"Largest smallest effects, {_UNITS[one.metric]}: {cell(', '.join(one.worst))}.",
            ]
    if document.gaps:
        gaps = ", ".join(f"{gap.case}/{gap.variant} ({gap.status})" for gap in document.gaps)
        lines += ["", f"Not measured: {cell(gaps)}."]
    return "\n".join([*lines, ""])
