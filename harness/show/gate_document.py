"""The JSON of a gate's report, written and read: ``harness.gate/2``.

It is read where comments may be written, and comes from where anybody may have written it: what is not exactly a report is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from harness.errors import ExitCode, StoreError
from harness.judge import gate as policy
from harness.model.declared import Status, Verdict
from harness.model.gated import Gap, GateReport, GateVerdict, KeyVerdict, Metric
from harness.model.judged import Estimate
from harness.model.measured import Key, Machine
from harness.show import text

SCHEMA: Final = "harness.gate/2"
MOST_BYTES = 2_000_000
MOST_KEYS = 5_000
MOST_CHARACTERS = 2_000

_READABLE_BYTES = 1_000_000
"""Larger documents are written without indentation."""
_VARIANTS = 5_000
_NOTES = 200
_LIBRARIES = 200
_GAPS = frozenset({*map(str, Status), "deleted"}) - {str(Status.OK)}

String: TypeAlias = Annotated[str, msgspec.Meta(max_length=MOST_CHARACTERS)]
Name: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9][a-z0-9._-]{0,62}\Z")]
Commit: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{7,40}\Z")]
Ratio: TypeAlias = Annotated[float, msgspec.Meta(gt=0, le=1e9)]
Positive: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1e18)]
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
Notes: TypeAlias = Annotated[tuple[String, ...], msgspec.Meta(max_length=_NOTES)]


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Exactly these fields: no more, and none missing."""


class RatioDocument(_Strict, frozen=True):
    """Head / base with its 95 % interval."""

    value: Ratio
    low: Ratio
    high: Ratio


class GateMachineDocument(_Strict, frozen=True):
    """The machine both revisions were measured on."""

    id: String
    cpu: String
    cores: Count
    architecture: String
    system: String
    python: String
    implementation: String
    libraries: Annotated[dict[String, String], msgspec.Meta(max_length=_LIBRARIES)]


class KeyDocument(_Strict, frozen=True):
    """One key by one metric; one of the two base values is null."""

    case: Name
    variant: Name
    workload: Name
    metric: Metric
    verdict: Verdict
    ratio: RatioDocument | None
    smallest_effect: Positive | None
    units: Count
    how: String
    base_seconds: Positive | None
    base_instructions: Positive | None
    confirmed: bool
    seconds: Positive
    notes: Notes
    calls: Count | None
    """Of each side in a process: work that recurs less often is not in the ratio."""


class VariantNameDocument(_Strict, frozen=True):
    """A variant that there was nothing to measure of."""

    case: Name
    variant: Name


class GapDocument(_Strict, frozen=True):
    """A variant that could not be compared, or answers otherwise."""

    case: Name
    variant: Name
    status: String
    message: String


Names: TypeAlias = Annotated[tuple[VariantNameDocument, ...], msgspec.Meta(max_length=_VARIANTS)]
Gaps: TypeAlias = Annotated[tuple[GapDocument, ...], msgspec.Meta(max_length=_VARIANTS)]


class GateDocument(_Strict, frozen=True):
    """``harness.gate/2``: everything the gate found."""

    schema: Literal["harness.gate/2"]
    verdict: GateVerdict
    exit_code: Count
    against: String
    base: Commit
    head: Commit
    dirty: bool
    command: String
    tolerance: Positive
    metrics: Annotated[tuple[Metric, ...], msgspec.Meta(max_length=len(Metric))]
    keys: Annotated[tuple[KeyDocument, ...], msgspec.Meta(max_length=MOST_KEYS)]
    unchanged: Names
    added: Names
    missing: Gaps
    wrong: Gaps
    control: RatioDocument | None
    machine_check: RatioDocument | None
    machine_effect: Positive | None
    machine: GateMachineDocument
    notes: Notes
    seconds: Positive


# --------------------------------------------------------------------------- writing


def report_bytes(report: GateReport) -> bytes:
    """Return the document of a report.

    ``read_report`` gives the same report back, but that overlong strings are cut and that numbers without an end are not
    there any more: JSON knows none.
    """
    document = msgspec.json.encode(_document(report))
    readable = msgspec.json.format(document, indent=2)
    return readable if len(readable) <= _READABLE_BYTES else document


def _document(report: GateReport) -> GateDocument:
    return GateDocument(
        schema=SCHEMA,
        verdict=report.verdict,
        exit_code=int(report.exit_code),
        against=_string(report.against),
        base=report.base,
        head=report.head,
        dirty=report.dirty,
        command=_string(report.command),
        tolerance=report.tolerance,
        metrics=report.metrics,
        keys=tuple(map(_key, report.keys)),
        unchanged=_names(report.unchanged),
        added=_names(report.added),
        missing=_gaps(report.missing),
        wrong=_gaps(report.wrong),
        control=_ratio(report.control),
        machine_check=_ratio(report.machine_check),
        machine_effect=_number(report.machine_effect),
        machine=_machine(report.machine),
        notes=_notes(report.notes),
        seconds=report.seconds,
    )


def _key(said: KeyVerdict) -> KeyDocument:
    base = _number(said.base_value)
    return KeyDocument(
        case=said.key.case,
        variant=said.key.variant,
        workload=said.key.workload,
        metric=said.metric,
        verdict=said.verdict,
        ratio=_ratio(said.ratio),
        smallest_effect=_number(said.smallest_effect),
        units=said.units,
        how=_string(said.how),
        base_seconds=None if said.metric is Metric.INSTRUCTIONS else base,
        base_instructions=base if said.metric is Metric.INSTRUCTIONS else None,
        confirmed=said.confirmed,
        seconds=said.seconds,
        notes=_notes(said.notes),
        calls=said.calls,
    )


def _machine(machine: Machine) -> GateMachineDocument:
    libraries: Mapping[str, str] = machine.libraries
    return GateMachineDocument(
        _string(machine.id),
        _string(machine.cpu),
        machine.cores,
        _string(machine.architecture),
        _string(machine.system),
        _string(machine.python),
        _string(machine.implementation),
        {_string(name): _string(version) for name, version in libraries.items()},
    )


def _names(pairs: tuple[tuple[str, str], ...]) -> tuple[VariantNameDocument, ...]:
    return tuple(VariantNameDocument(case, variant) for case, variant in pairs)


def _gaps(gaps: tuple[Gap, ...]) -> tuple[GapDocument, ...]:
    return tuple(
        GapDocument(gap.case, gap.variant, str(gap.status), _string(gap.message)) for gap in gaps
    )


def _notes(notes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(_string, notes[:_NOTES]))


def _string(value: str) -> str:
    """Cut to what a reader accepts; half characters of undecodable file names are no text."""
    return value[:MOST_CHARACTERS].encode("utf-8", "replace").decode()


def _ratio(estimate: Estimate | None) -> RatioDocument | None:
    if estimate is None or not all(map(isfinite, (estimate.value, estimate.low, estimate.high))):
        return None
    return RatioDocument(estimate.value, estimate.low, estimate.high)


def _number(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None


# --------------------------------------------------------------------------- reading


def read_report(data: bytes) -> GateReport:
    """Return the report of a document that anybody may have written.

    Raises:
        StoreError: whatever is wrong with it, and nothing else.
    """
    if len(data) > MOST_BYTES:
        raise _refused(f"it has {len(data)} bytes, more than {MOST_BYTES}")
    document = _decoded(data)
    for broken, problem in _RULES:
        if broken(document):
            raise _refused(problem)
    report = _report(document)
    code = _meant(report)
    if (report.exit_code, report.verdict) != (int(code), policy.gate_verdict(code)):
        raise _refused(
            f"verdict {report.verdict} with exit_code {report.exit_code} is not what its keys and gaps mean"
        )
    return report


def _meant(report: GateReport) -> ExitCode:
    """The exit code that follows from the parts; that a run was inconclusive as a whole they need not show."""
    noisy = report.verdict is GateVerdict.INCONCLUSIVE
    return policy.exit_code(
        report.keys, missing=report.missing, wrong=report.wrong, listed=1, noisy=noisy
    )


def _decoded(data: bytes) -> GateDocument:
    try:
        data.decode()
        return msgspec.json.decode(data, type=GateDocument)
    except UnicodeDecodeError as error:
        problem = f"byte {error.start} is not UTF-8"
    except RecursionError:
        problem = "it is nested too deeply"
    except msgspec.ValidationError as error:
        problem = f"a value is not what it should be: {error}"
    except (msgspec.MsgspecError, ValueError, OverflowError) as error:
        problem = f"it is not JSON: {error}"
    raise _refused(problem)


def _refused(problem: str) -> StoreError:
    said = log_line(problem)[:300]
    return StoreError(
        f"this is no {SCHEMA} document: {said}",
        "make it again: python -m harness gate --against REV --json gate.json",
    )


def log_line(said: str) -> str:
    """Cleaned, and without what the log of a GitHub job would take for a command, wherever in a line it stands."""
    return text.clean(said).replace("::", ": :").replace("##[", "# #[")


def _addresses(document: GateDocument) -> set[tuple[str, str, str, Metric]]:
    return {(key.case, key.variant, key.workload, key.metric) for key in document.keys}


def _foreign_base(key: KeyDocument) -> float | None:
    counted = key.metric is Metric.INSTRUCTIONS
    return key.base_seconds if counted else key.base_instructions


def _ratios(document: GateDocument) -> list[RatioDocument | None]:
    return [document.control, document.machine_check, *(key.ratio for key in document.keys)]


def _in_order(ratio: RatioDocument | None) -> bool:
    return ratio is None or ratio.low <= ratio.value <= ratio.high


_RULES: tuple[tuple[Callable[[GateDocument], bool], str], ...] = (
    (
        lambda document: len(set(document.metrics)) < len(document.metrics),
        "metrics holds one of them twice",
    ),
    (
        lambda document: len(_addresses(document)) < len(document.keys),
        "keys holds one key twice by one metric",
    ),
    (
        lambda document: any(key.metric not in document.metrics for key in document.keys),
        "keys holds a metric that metrics does not",
    ),
    (
        lambda document: any(_foreign_base(key) is not None for key in document.keys),
        "keys holds a base value of another metric",
    ),
    (
        lambda document: not all(map(_in_order, _ratios(document))),
        "an interval does not hold its value",
    ),
    (
        lambda document: any(
            gap.status not in _GAPS for gap in (*document.missing, *document.wrong)
        ),
        "the status of a gap is no status word",
    ),
)
"""What types cannot say: each rule with the sentence for breaking it."""


def _report(document: GateDocument) -> GateReport:
    machine = document.machine
    return GateReport(
        against=document.against,
        base=document.base,
        head=document.head,
        dirty=document.dirty,
        command=document.command,
        machine=Machine(
            machine.id, machine.cpu, machine.cores, machine.architecture, machine.system, machine.python, machine.implementation,
            machine.libraries,
        ),
        metrics=document.metrics,
        tolerance=document.tolerance,
        keys=tuple(map(_key_verdict, document.keys)),
        unchanged=tuple((one.case, one.variant) for one in document.unchanged),
        added=tuple((one.case, one.variant) for one in document.added),
        missing=tuple(map(_gap, document.missing)),
        wrong=tuple(map(_gap, document.wrong)),
        machine_check=_estimate(document.machine_check),
        machine_effect=document.machine_effect,
        control=_estimate(document.control),
        notes=document.notes,
        seconds=document.seconds,
        verdict=document.verdict,
        exit_code=document.exit_code,
    )  # fmt: skip


def _key_verdict(key: KeyDocument) -> KeyVerdict:
    return KeyVerdict(
        key=Key(key.case, key.variant, key.workload),
        metric=key.metric,
        ratio=_estimate(key.ratio),
        verdict=key.verdict,
        smallest_effect=key.smallest_effect,
        units=key.units,
        how=key.how,
        base_value=key.base_instructions if key.metric is Metric.INSTRUCTIONS else key.base_seconds,
        confirmed=key.confirmed,
        seconds=key.seconds,
        notes=key.notes,
        calls=key.calls,
    )


def _gap(gap: GapDocument) -> Gap:
    return Gap(gap.case, gap.variant, gap.status, gap.message)


def _estimate(ratio: RatioDocument | None) -> Estimate | None:
    return None if ratio is None else Estimate(ratio.value, ratio.low, ratio.high)
