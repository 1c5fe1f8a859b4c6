"""What the gate found out about itself, as a table and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from harness.model import Estimate
from harness.show import text
from harness.show.documents import MachineDocument, to_bytes

if TYPE_CHECKING:
    from rich.console import Console

    from harness.model import Detection, SelfTest

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
    machine: MachineDocument
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
    machine = report.machine
    return SelfTestDocument(
        schema=SCHEMA,
        complete=report.complete,
        started=report.started,
        machine=MachineDocument(
            machine.id,
            machine.cpu,
            machine.cores,
            machine.architecture,
            machine.system,
            machine.python,
            machine.implementation,
            dict(machine.libraries),
        ),
        load_processes=report.load,
        load_average=report.load_average,
        variants=[VariantDocument(key.case, key.variant, key.workload) for key in report.variants],
        tolerance=report.tolerance,
        budget_seconds=report.budget_seconds,
        false_alarm_rate=rate(sum(one.slower for one in nothing), trials) if trials else None,
        false_alarms=[_detection(one) for one in nothing],
        detection=[_detection(one) for one in report.detections if one.slowdown],
        trials=sum(one.trials for one in report.detections),
        seconds_per_key=round(sum(one.seconds * one.trials for one in timed) / sum(one.trials for one in timed), 2) if timed else None,
    )


def _detection(one: Detection) -> DetectionDocument:
    return DetectionDocument(one.slowdown, one.metric, one.rate, one.trials, one.slower, one.unclear, one.read, one.seconds)


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
    variants = ", ".join(text.clean(f"{key.case}/{key.variant} ({key.workload})") for key in report.variants)
    put(
        console,
        Text(
            f"tolerance {report.tolerance:.1%}; {variants}; load average {report.load_average:.1f}, of it {report.load} processes of ours"
        ),
    )
    put(console, Text("called slower with nothing planted: false alarms; seconds: mean wall time of one decision", style="dim"))
