"""Rows and tables made by hand, with exact numbers."""

from __future__ import annotations

from dataclasses import replace

from harness.model.declared import Proof, Status, Technique, Verdict
from harness.model.judged import Comparison, Estimate, Row, WorkloadSummary
from harness.model.measured import Certificate, Evidence, Key, Memory, Result

HOSTILE = "[/x]\x1b]0;owned\x07\u202eevil\nnew<script>|`"
"""Markup, ESC, BEL, right-to-left override, newline, HTML and Markdown in one name."""


def around(value: float, half_width: float) -> Estimate:
    """An estimate with a symmetric interval."""
    return Estimate(value, value * (1 - half_width), value * (1 + half_width))


def fake_row(
    variant: str, seconds: float, *, speedup: float = 1.0, half_width: float = 0.01, tie: int | None = None, rival: bool = False,
    technique: Technique = Technique.PYTHON, payback: int | None = 1, reference: bool = False, peak: int = 4 << 20, limit: float | None = 40.0,
) -> Row:  # fmt: skip
    """A row that was measured."""
    key = Key("tiny", variant, "100")
    evidence = Evidence("exact", 10, 100, 3, 5, 32, 0)
    certificate = Certificate(
        "tiny",
        variant,
        Proof.REFERENCE if reference else Proof.EQUAL,
        Status.OK,
        "0123456789abcdef",
        evidence,
    )
    result = Result(key, technique, rival, Status.OK, "", certificate, (), Memory(peak, 2048, 3))
    ratio = Estimate(1.0, 1.0, 1.0) if reference else around(speedup, half_width)
    return Row(
        result=result,
        seconds=around(seconds, half_width),
        speedup=Comparison(
            replace(key, variant="naive"), key, ratio, Verdict.SAME if reference else Verdict.FASTER
        ),
        cpu_seconds=seconds,
        start_seconds=0.05,
        first_call_seconds=seconds * 2,
        payback_calls=None if reference else payback,
        times_limit=limit,
        tie=tie,
        samples_seconds=tuple(seconds * (1 + step / 100) for step in (0, 0, 0, 1, 1, 2, 7)),
    )


def failed_row(
    variant: str,
    status: Status,
    *,
    finding: str = "",
    message: str = "",
    rival: bool = False,
    certified: bool = True,
) -> Row:
    """A row without any number, though memory and samples were kept."""
    evidence = Evidence("exact", 3, 100, 3, 5, 0, 0, finding, message)
    certificate = (
        Certificate("tiny", variant, Proof.NOT_EQUAL, status, "0123456789abcdef", evidence)
        if certified
        else None
    )
    return Row(
        Result(
            Key("tiny", variant, "100"),
            Technique.PYTHON,
            rival,
            status,
            message,
            certificate,
            (),
            Memory(1 << 20, 1, 1),
        )
    )


def fake_table(
    *rows: Row,
    blocks: int = 7,
    dropped: tuple[str, ...] = (),
    widest: float | None = 0.018,
    warnings: tuple[str, ...] = (),
) -> WorkloadSummary:
    """A workload of those rows."""
    return WorkloadSummary("100", 100, rows, blocks, dropped, widest, 1e-6, warnings)


def full_table() -> WorkloadSummary:
    """All that can happen in one table: a tie, a rival, failures, a hostile name."""
    return fake_table(
        fake_row("naive", 0.01234, reference=True, limit=12_340.0),
        fake_row("banded", 0.0041, speedup=3.01, tie=2, payback=1),
        fake_row("myers", 0.00405, speedup=3.05, tie=2, payback=1),
        fake_row(
            "myers_c",
            1.234e-5,
            speedup=1000.0,
            technique=Technique.CYTHON,
            payback=1240,
            limit=12.3,
            peak=100,
        ),
        fake_row(
            "matrix_numba",
            2.5e-5,
            speedup=493.6,
            technique=Technique.NUMBA,
            payback=None,
            peak=300 << 20,
        ),
        fake_row(
            "pool",
            0.0246,
            speedup=0.50,
            technique=Technique.MULTIPROCESSING,
            payback=None,
            half_width=0.12,
        ),
        fake_row("rapidfuzz", 9.8e-6, speedup=1259.0, technique=Technique.LIBRARY, rival=True),
        failed_row(
            "float32",
            Status.WRONG_ANSWER,
            finding="precision",
            message="workload 100, seed 0: precision differs at answer[3]: expected 0.1, got 0.10000000149011612",
        ),
        failed_row(
            "hangs",
            Status.TIMEOUT,
            finding="timeout",
            message="no answer within 30 s; last stack: hangs.py:4 in pairs",
        ),
        failed_row(
            "unbuilt_c",
            Status.NOT_BUILT,
            message="extensions/tiny/unbuilt_c.pyx is not built: run make build",
            certified=False,
        ),
        failed_row(HOSTILE, Status.CRASHED, message="SIGSEGV \x1b[2J"),
        dropped=(
            "the machine slept for 3 s",
            "the machine slept for 3 s",
            "300 pages were swapped in",
        ),
        warnings=("only 7 blocks: intervals are wide",),
    )
