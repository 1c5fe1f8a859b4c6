"""The JSON that others read: every document has a versioned schema, units in its keys, null for not measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Literal

import msgspec

from harness.errors import ExitCode, gravest
from harness.judge.summary import exit_code
from harness.model.declared import Proof
from harness.model.judged import Estimate, Row, Summary, WorkloadSummary
from harness.model.measured import Certificate, Evidence, Machine
from harness.show.compare import CompareDocument
from harness.show.gate_document import GateDocument
from harness.show.history_document import HistoryDocument, StepsDocument
from harness.show.limits_document import LimitsDocument


class CertificateDocument(msgspec.Struct, frozen=True):
    """The proof behind a number."""

    verdict: str
    digest: str


class VariantDocument(msgspec.Struct, frozen=True):
    """One row of a workload."""

    name: str
    technique: str
    rival: bool
    status: str
    reason: str
    message: str
    certificate: CertificateDocument
    seconds: Estimate | None
    speedup: Estimate | None
    cpu_seconds: float | None
    start_seconds: float | None
    first_call_seconds: float | None
    payback_calls: int | None
    peak_bytes: int | None
    traced_peak_bytes: int | None
    allocated_blocks: int | None
    times_limit: float | None
    times_best: Estimate | None
    tie: int | None


class WorkloadDocument(msgspec.Struct, frozen=True):
    """One size."""

    name: str
    n: int
    bound_seconds: float | None
    blocks: int
    dropped: tuple[str, ...]
    widest_half_width: float | None
    warnings: tuple[str, ...]
    variants: list[VariantDocument]


class CrossoverDocument(msgspec.Struct, frozen=True):
    """Below ``n`` one variant is faster, above it another."""

    series: str
    kind: str
    below: str
    above: str
    n: Estimate
    between: tuple[int, int]
    open_low: bool
    open_high: bool


class GrowthDocument(msgspec.Struct, frozen=True):
    """Time grows as n to the power of ``exponent``."""

    series: str
    variant: str
    exponent: Estimate
    expected: float | None
    sizes: tuple[int, int]


class ParallelDocument(msgspec.Struct, frozen=True):
    """What so many processors are worth to one variant."""

    variant: str
    workload: str
    processors: int
    speedup: Estimate
    efficiency: float
    serial_share: Estimate
    contention: float | None
    coherence: float | None


class RunDocument(msgspec.Struct, frozen=True):
    """``harness.run/1``: one run of one case."""

    schema: str
    run: str
    case: str
    status: str
    exit_code: int
    machine: Machine
    workloads: list[WorkloadDocument]
    crossovers: list[CrossoverDocument]
    growth: list[GrowthDocument]
    parallel: list[ParallelDocument]
    advice: tuple[str, ...]
    file: str | None


class RunsDocument(msgspec.Struct, frozen=True):
    """``harness.runs/1``: several cases."""

    schema: str
    exit_code: int
    runs: list[RunDocument]


class MutantsDocument(msgspec.Struct, frozen=True):
    """How many wrong implementations were refused."""

    total: int
    rejected: int
    alike: int
    survivors: tuple[str, ...]


class VerifiedDocument(msgspec.Struct, frozen=True):
    """One variant's certificate."""

    name: str
    status: str
    reason: str
    message: str
    certificate: CertificateDocument
    evidence: Evidence


class VerifyDocument(msgspec.Struct, frozen=True):
    """``harness.verify/1``: the certificates of one case."""

    schema: str
    case: str
    exit_code: int
    variants: list[VerifiedDocument]
    mutants: MutantsDocument | None = None
    mechanical: MutantsDocument | None = None


class ListedWorkload(msgspec.Struct, frozen=True):
    """One size of a case."""

    name: str
    n: int
    default: bool


class ListedVariant(msgspec.Struct, frozen=True):
    """One way of writing it."""

    name: str
    technique: str
    rival: bool
    reference: bool
    idea: str


class ListedRun(msgspec.Struct, frozen=True):
    """One result file."""

    file: str
    published: bool
    """It is evidence that the project publishes."""


class ListedCase(msgspec.Struct, frozen=True):
    """One question."""

    name: str
    question: str
    origin: str
    workloads: list[ListedWorkload]
    variants: list[ListedVariant]
    mutants: list[str]
    runs: list[ListedRun]
    """The oldest first."""


class ListDocument(msgspec.Struct, frozen=True):
    """``harness.list/1``: the cases there are."""

    schema: str
    cases: list[ListedCase]


class CheckDocument(msgspec.Struct, frozen=True):
    """One thing the doctor looked at."""

    name: str
    state: Literal["ok", "warn", "bad"]
    found: str
    why: str
    remedy: str


class DoctorDocument(msgspec.Struct, frozen=True):
    """``harness.doctor/1``: what on this machine spoils measurements."""

    schema: str
    exit_code: int
    usable: bool
    checks: list[CheckDocument]


class VerifiesDocument(msgspec.Struct, frozen=True):
    """``harness.verifies/1``: several cases."""

    schema: str
    exit_code: int
    cases: list[VerifyDocument]


@dataclass(frozen=True, slots=True)
class Verified:
    """What ``verify`` found out about one case."""

    case: str
    certificates: Sequence[Certificate]
    exit_code: ExitCode
    mutants: MutantsDocument | None = None
    mechanical: MutantsDocument | None = None


DOCUMENTS: dict[str, type[msgspec.Struct]] = {
    "harness.run/1": RunDocument,
    "harness.runs/1": RunsDocument,
    "harness.verify/1": VerifyDocument,
    "harness.verifies/1": VerifiesDocument,
    "harness.list/1": ListDocument,
    "harness.doctor/1": DoctorDocument,
    "harness.gate/2": GateDocument,
    "harness.limits/1": LimitsDocument,
    "harness.compare/1": CompareDocument,
    "harness.history/1": HistoryDocument,
    "harness.steps/1": StepsDocument,
}


def run_document(summary: Summary) -> RunDocument:
    """Return the document of one run."""
    run = summary.run
    return RunDocument(
        schema="harness.run/1",
        run=run.id,
        case=run.case,
        status="complete" if run.complete else "incomplete",
        exit_code=int(exit_code(summary)),
        machine=run.machine,
        workloads=[_workload(workload) for workload in summary.workloads],
        crossovers=[
            CrossoverDocument(
                one.series,
                one.kind,
                one.below,
                one.above,
                one.n,
                one.between,
                one.open_low,
                one.open_high,
            )
            for series in summary.series
            for one in series.crossovers
        ],
        growth=[
            GrowthDocument(series.name, one.variant, one.exponent, one.expected, one.sizes)
            for series in summary.series
            for one in series.growths
        ],
        parallel=[
            ParallelDocument(
                curve.variant,
                curve.workload,
                point.workers,
                point.speedup,
                point.efficiency,
                curve.serial,
                curve.contention,
                curve.coherence,
            )
            for curve in summary.curves
            for point in curve.points
        ],
        advice=run.advice,
        file=summary.file,
    )


def runs_bytes(summaries: Sequence[Summary]) -> bytes:
    """One run as ``harness.run/1``, several as ``harness.runs/1``."""
    documents = [run_document(summary) for summary in summaries]
    if len(documents) == 1:
        return to_bytes(documents[0])
    code = gravest(exit_code(summary) for summary in summaries)
    return to_bytes(RunsDocument("harness.runs/1", int(code), documents))


def verify_document(verified: Verified) -> VerifyDocument:
    """Return the document of one case's certificates."""
    variants = [
        VerifiedDocument(
            c.variant,
            str(c.status),
            c.evidence.finding,
            c.evidence.message,
            CertificateDocument(str(c.verdict), c.digest),
            c.evidence,
        )
        for c in verified.certificates
    ]
    return VerifyDocument(
        "harness.verify/1",
        verified.case,
        int(verified.exit_code),
        variants,
        verified.mutants,
        verified.mechanical,
    )


def doctor_document(checks: Sequence[CheckDocument], exit_code: ExitCode) -> DoctorDocument:
    """Return the document of a look at this machine."""
    return DoctorDocument(
        "harness.doctor/1", int(exit_code), exit_code is ExitCode.OK, list(checks)
    )


def verify_bytes(verified: Sequence[Verified]) -> bytes:
    """One case as ``harness.verify/1``, several as ``harness.verifies/1``."""
    documents = [verify_document(one) for one in verified]
    if len(documents) == 1:
        return to_bytes(documents[0])
    return to_bytes(
        VerifiesDocument(
            "harness.verifies/1", int(gravest(one.exit_code for one in verified)), documents
        )
    )


def to_bytes(document: msgspec.Struct | Sequence[msgspec.Struct]) -> bytes:
    """Return readable JSON."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2)


def schema(name: str) -> dict[str, object]:
    """The JSON Schema of a document."""
    return msgspec.json.schema(DOCUMENTS[name])


def _workload(workload: WorkloadSummary) -> WorkloadDocument:
    return WorkloadDocument(
        workload.name, workload.n, _number(workload.bound_seconds), workload.blocks_kept, workload.blocks_dropped, _number(workload.widest),
        workload.warnings, [_variant(row) for row in workload.rows],
    )  # fmt: skip


def _variant(row: Row) -> VariantDocument:
    result, certificate = row.result, row.result.certificate
    shown = row.seconds is not None
    return VariantDocument(
        name=result.key.variant,
        technique=str(result.technique),
        rival=result.rival,
        status=str(result.status),
        reason=certificate.evidence.finding if certificate else "",
        message=result.message,
        certificate=CertificateDocument(
            str(certificate.verdict if certificate else Proof.STALE),
            certificate.digest if certificate else "",
        ),
        seconds=_finite(row.seconds),
        speedup=_finite(row.speedup.ratio if row.speedup else None),
        cpu_seconds=_number(row.cpu_seconds),
        start_seconds=_number(row.start_seconds),
        first_call_seconds=_number(row.first_call_seconds),
        payback_calls=row.payback_calls,
        peak_bytes=result.memory.peak_bytes if shown else None,
        traced_peak_bytes=result.memory.traced_peak_bytes if shown else None,
        allocated_blocks=result.memory.blocks if shown else None,
        times_limit=_number(row.times_limit),
        times_best=_finite(row.times_best),
        tie=row.tie,
    )


def _finite(estimate: Estimate | None) -> Estimate | None:
    """An estimate without an end is none: JSON knows neither NaN nor infinity."""
    return (
        estimate
        if estimate is not None
        and all(map(isfinite, (estimate.value, estimate.low, estimate.high)))
        else None
    )


def _number(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None
