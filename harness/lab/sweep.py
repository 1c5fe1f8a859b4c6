"""Which variants a sweep still measures at the next size, and which it times with one to all processors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.judge.statistics import time_estimate
from harness.model.declared import NOT_EQUIVALENT, Status, Technique

if TYPE_CHECKING:
    from harness.model.declared import Case, Workload
    from harness.model.measured import Measured, Plan, Result, Run

_CALLS_A_BLOCK = 4
"""First call, warm-up, a sample and what is thrown away: a call this slow leaves no time for anything else."""
_STEEPEST = 4.0
_SPREADS = frozenset({Technique.MULTIPROCESSING, Technique.THREADS, Technique.DASK})
_BUSY_PROCESSORS = 1.3
"""Processor time over wall time from which on a variant is taken to work in parallel, whatever it says it is."""


def cut_off(run: Run, workload: Workload, case: Case, plan: Plan) -> dict[str, str]:
    """Return the variants that are too slow for this workload, by what smaller sizes of its series took, each with the reason.

    A wrong answer is no reason: it has its own word at every size.
    """
    smaller = sorted(
        (one for one in run.workloads if one.series is not None and one.series == workload.series and one.n < workload.n and one.complete),
        key=lambda one: one.n,
    )
    reasons = {name: _reason(name, smaller, workload, case, plan) for name in run.variant_names}
    return {name: reason for name, reason in reasons.items() if reason}


def _reason(name: str, smaller: Sequence[Measured], workload: Workload, case: Case, plan: Plan) -> str:
    curve: list[tuple[int, float]] = []
    for measured in smaller:
        result = next((one for one in measured.results if one.key.variant == name), None)
        if result is None or result.status in NOT_EQUIVALENT:
            return ""
        if result.status in {Status.SKIPPED, Status.TIMEOUT, Status.OOM}:
            return f"cut off: {result.status} at n = {measured.n} already"
        seconds = time_estimate(result.processes)
        if seconds is not None:
            curve.append((measured.n, seconds.value))
    if not curve:
        return ""
    expected = predicted(curve, workload.n, case.growths.get(name, case.growth))
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
        timed = next(((measured, result) for measured in sizes if (result := _timed(measured, name)) is not None), None)
        if timed is not None and name not in case.rivals and _spreads(timed[1]):
            found.append((name, timed[0]))
    return found


def _timed(measured: Measured, name: str) -> Result | None:
    return next((one for one in measured.results if one.key.variant == name and one.status is Status.OK and one.processes), None)


def _spreads(result: Result) -> bool:
    if result.technique in _SPREADS:
        return True
    samples = [sample for process in result.processes for sample in process.samples]
    return sum(sample.cpu_ns for sample in samples) > _BUSY_PROCESSORS * sum(sample.ns for sample in samples)


def crew_sizes(processors: int) -> list[int]:
    """One, two, four ... and all."""
    powers = [1 << power for power in range(processors.bit_length()) if 1 << power <= processors]
    return sorted({*powers, processors})
