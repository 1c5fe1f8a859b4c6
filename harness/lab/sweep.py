"""Which variants a sweep still measures at the next size, and which it times with one to all processors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from harness.model.declared import Status, Technique

if TYPE_CHECKING:
    from harness.model.declared import Case
    from harness.model.measured import Measured, Plan, Process, Result, Run

_CALLS_A_BLOCK = 4
"""First call, warm-up, a sample and what is thrown away: a call this slow leaves no time for anything else."""
_STEEPEST = 4.0
_OUT = frozenset({Status.SKIPPED, Status.TIMEOUT, Status.OOM})
_SPREADS = frozenset({Technique.MULTIPROCESSING, Technique.THREADS, Technique.DASK})
_BUSY_PROCESSORS = 1.3
"""Processor time over wall time from which on a variant is taken to work in parallel, whatever it says it is."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is known of one variant at one size."""

    n: int
    status: Status
    seconds: float | None
    """Of one call; None: it was not called."""


def usual_seconds(processes: Sequence[Process]) -> float | None:
    """Median seconds of a call over all samples; None without any."""
    seconds = [sample.seconds for process in processes for sample in process.samples]
    return median(seconds) if seconds else None


def cut_off(looks: Sequence[Look], n: int, growth: float | None, plan: Plan) -> str:
    """Say why a variant is too slow at size ``n``, from what it did at smaller sizes of the series, ascending; empty: it is not.

    Args:
        looks: at the smaller sizes.
        n: the next size.
        growth: the exponent the case expects, for when one size alone is known.
        plan: its budget and blocks.
    """
    out = next((look for look in looks if look.status in _OUT), None)
    if out is not None:
        return f"cut off: {out.status} at n = {out.n} already"
    curve = [
        (look.n, look.seconds) for look in looks if look.seconds and look.n > 0
    ]  # nothing has no place on logarithmic paper
    if not curve:
        return ""
    expected = predicted(curve, n, growth)
    if expected * _CALLS_A_BLOCK * plan.min_blocks <= plan.budget_seconds:
        return ""
    last_n, last = curve[-1]
    return f"cut off: a call took {last:.2g} s at n = {last_n} and would take about {expected:.2g} s here; raise --budget"


def predicted(curve: Sequence[tuple[int, float]], n: int, growth: float | None) -> float:
    """Seconds expected at ``n``, from the two largest sizes measured; with one alone, from the growth the case expects."""
    last_n, last = curve[-1]
    slope = growth if growth is not None else 1.0
    if len(curve) > 1:
        before_n, before = curve[-2]
        slope = math.log(last / before) / math.log(last_n / before_n)
    return last * math.pow(n / last_n, min(max(slope, 0.0), _STEEPEST))


def crews(run: Run, case: Case) -> list[tuple[str, Measured]]:
    """Return the variants of ours that spread their work, each with the largest workload of the first series it was timed on."""
    first = next((one.series for one in case.workloads if one.series is not None), None)
    sizes = sorted((one for one in run.workloads if one.series == first), key=lambda one: -one.n)
    found = []
    for name in run.variant_names:
        timed = next(
            (
                (measured, result)
                for measured in sizes
                if (result := _timed(measured, name)) is not None
            ),
            None,
        )
        if timed is not None and name not in case.rivals and _spreads(timed[1]):
            found.append((name, timed[0]))
    return found


def _timed(measured: Measured, name: str) -> Result | None:
    return next(
        (
            one
            for one in measured.results
            if one.key.variant == name and one.status is Status.OK and one.processes
        ),
        None,
    )


def _spreads(result: Result) -> bool:
    if result.technique in _SPREADS:
        return True
    samples = [sample for process in result.processes for sample in process.samples]
    return sum(sample.cpu_ns for sample in samples) > _BUSY_PROCESSORS * sum(
        sample.ns for sample in samples
    )


def crew_sizes(processors: int) -> list[int]:
    """One, two, four ... and all."""
    powers = [1 << power for power in range(processors.bit_length()) if 1 << power <= processors]
    return sorted({*powers, processors})
