"""Sweeps made by hand: every variant's time is a formula, every process a little off by a known factor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from harness.model.declared import Proof, Status, Technique
from harness.model.measured import (
    Conditions,
    Key,
    Measured,
    Memory,
    Plan,
    Process,
    Result,
    Run,
    Sample,
)
from tests.fakes.runs import MACHINE, fake_certificate

SIZES = (10, 100, 1000, 10_000)
Seconds = Callable[[int], float]


def timed(
    variant: str,
    workload: str,
    seconds: float,
    *,
    wobble: float,
    rival: bool = False,
    reference: bool = False,
) -> Result:
    """Four processes, which take 1 - wobble, 1, 1, 1 + wobble times the seconds."""
    processes = tuple(
        Process(
            block,
            7,
            50_000_000,
            round(seconds * 1e9),
            tuple(Sample(max(1, round(seconds * factor * 1e9)), 1, 1, r) for r in range(3)),
        )
        for block, factor in enumerate((1 - wobble, 1.0, 1.0, 1 + wobble))
    )
    certificate = replace(
        fake_certificate(variant), verdict=Proof.REFERENCE if reference else Proof.EQUAL
    )
    return Result(
        Key("tiny", variant, workload),
        Technique.PYTHON,
        rival,
        Status.OK,
        "",
        certificate,
        processes,
        Memory(1 << 20, 1, 1),
    )


def fake_sweep(
    curves: Mapping[str, Seconds], *, wobble: float = 0.001, rivals: tuple[str, ...] = (), sizes: tuple[int, ...] = SIZES,
    growth: Mapping[str, float] | None = None, series: str = "n",
) -> Run:  # fmt: skip
    """A complete sweep; the first curve is the reference.  Infinite seconds: skipped at that size."""
    names = tuple(curves)
    measured = tuple(_measured(curves, n, wobble, rivals, series) for n in sizes)
    return Run(
        "20260101T120000Z-0123abcd", "tiny", "path", "feedbeef", names[0], names, tuple(map(str, sizes)), "2026-01-01T12:00:00Z", True,
        Plan(sweep=True), MACHINE, measured, dict(growth or {}),
    )  # fmt: skip


def _measured(
    curves: Mapping[str, Seconds], n: int, wobble: float, rivals: tuple[str, ...], series: str
) -> Measured:
    results = []
    for index, (name, seconds) in enumerate(curves.items()):
        # only one of a pair wobbles, or it would cancel
        result = timed(
            name,
            str(n),
            min(seconds(n), 1e6),
            wobble=wobble * (index % 2),
            rival=name in rivals,
            reference=index == 0,
        )
        skipped = replace(result, status=Status.SKIPPED, message="cut off", processes=())
        results.append(skipped if seconds(n) == float("inf") else result)
    conditions = tuple(
        Conditions(str(n), block, 1.0, 0.1, 0.0, 0, 0.0, 0.0, 0, 0) for block in range(4)
    )
    return Measured(str(n), n, 0, 1e-9 * n, True, 4.0, tuple(results), conditions, series)
