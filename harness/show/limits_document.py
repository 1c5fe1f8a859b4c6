"""``harness.limits/1``: what this machine can do at all."""

from __future__ import annotations

import msgspec

from harness.errors import ExitCode
from harness.model.limited import Figure, MachineLimits, NotMeasured
from harness.model.measured import Machine


class FigureDocument(msgspec.Struct, frozen=True):
    """One limit; its unit is in its name, and in ``unit`` for all of its numbers."""

    name: str
    group: str
    unit: str
    value: float
    typical: float
    low: float
    high: float
    spread: float
    repetitions: int
    unstable: bool
    reason: str
    through: str
    way: str
    where: str
    working_set_bytes: int | None
    holds_bytes: int | None
    workers: int | None
    before: float | None


class LimitsDocument(msgspec.Struct, frozen=True):
    """One measurement of a machine's limits."""

    schema: str
    exit_code: int
    machine: Machine
    measured: str
    measured_in_seconds: float
    load: float
    from_cache: bool
    age_seconds: float
    unstable: int
    figures: list[FigureDocument]
    missing: list[NotMeasured]


def limits_document(
    measured: MachineLimits, *, age_seconds: float | None, exit_code: ExitCode
) -> LimitsDocument:
    """Return the document; ``age_seconds`` None: just measured."""
    return LimitsDocument(
        schema="harness.limits/1",
        exit_code=int(exit_code),
        machine=measured.machine,
        measured=measured.measured,
        measured_in_seconds=measured.seconds,
        load=measured.load,
        from_cache=age_seconds is not None,
        age_seconds=age_seconds or 0.0,
        unstable=sum(figure.unstable for figure in measured.figures),
        figures=[_figure(figure) for figure in measured.figures],
        missing=list(measured.missing),
    )


def _figure(figure: Figure) -> FigureDocument:
    return FigureDocument(
        figure.name, figure.group.value, figure.unit, figure.value, figure.typical, figure.low, figure.high, round(figure.spread, 4),
        figure.repetitions, figure.unstable, figure.doubts, figure.through.value, figure.way, figure.where, figure.working_set_bytes,
        figure.holds_bytes, figure.workers, figure.before,
    )  # fmt: skip
