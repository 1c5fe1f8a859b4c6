"""Runs made by hand, with exact numbers."""

from __future__ import annotations

from harness.model.declared import Proof, Status, Technique
from harness.model.measured import (
    Certificate,
    ColdCall,
    Conditions,
    Evidence,
    Key,
    Machine,
    Measured,
    Memory,
    Plan,
    Process,
    Result,
    Run,
    Sample,
)

MACHINE = Machine(
    "abcd1234", "A processor", 2, "x86_64", "Linux 6", "3.11.7", "CPython", {"numpy": "2.4.6"}
)


def fake_certificate(variant: str, *, reference: bool = False) -> Certificate:
    """A certificate that says equal."""
    evidence = Evidence("exact", 10, 100, 3, 5, 32, 0)
    return Certificate(
        "tiny",
        variant,
        Proof.REFERENCE if reference else Proof.EQUAL,
        Status.OK,
        "digest",
        evidence,
    )


def fake_process(block: int, ns: int, *, loops: int = 3) -> Process:
    """Five rounds, each a little slower than the one before."""
    samples = tuple(
        Sample(ns=(ns + round_) * loops, loops=loops, cpu_ns=ns * loops, round=round_)
        for round_ in range(5)
    )
    return Process(block, 1000 + block, 50_000_000, 10 * ns, samples)


def fake_result(
    variant: str, ns: int, *, reference: bool = False, status: Status = Status.OK
) -> Result:
    """Three processes of five samples."""
    processes = tuple(fake_process(block, ns + block) for block in range(3))
    certificate = fake_certificate(variant, reference=reference)
    return Result(
        Key("tiny", variant, "10"),
        Technique.PYTHON,
        False,
        status,
        "",
        certificate,
        processes,
        Memory(1 << 20, 4096, 7),
        ColdCall(60_000_000, 20 * ns),
    )


def fake_run() -> Run:
    """A complete run of one workload: naive 10 µs, quick 1 µs."""
    conditions = tuple(
        Conditions("10", block, 1.5, 0.3, 0.0, 4, 0.0, 0.0, 0, 0) for block in range(3)
    )
    measured = Measured(
        "10",
        10,
        0,
        1e-7,
        True,
        4.5,
        (fake_result("naive", 10_000, reference=True), fake_result("quick", 1_000)),
        conditions,
    )
    return Run(
        "20260101T120000Z-0123abcd",
        "tiny",
        "path",
        "feedbeef",
        "naive",
        ("naive", "quick"),
        ("10",),
        "2026-01-01T12:00:00Z",
        True,
        Plan(max_blocks=20),  # as the golden files have it
        MACHINE,
        (measured,),
    )
