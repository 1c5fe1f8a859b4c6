"""From what was measured to what is shown: estimates, ratios, ties, pay-back, times the limit."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.errors import ExitCode, gravest
from harness.judge.network import Network
from harness.judge.scaling import all_series, parallel_curve
from harness.judge.statistics import (
    payback_calls,
    tie_groups,
    time_estimate,
    verdict,
)
from harness.model.declared import (
    NOT_EQUIVALENT,
    Proof,
    Status,
    Technique,
    Verdict,
    impossible_message,
    is_impossible,
)
from harness.model.judged import Comparison, Estimate, Row, Summary, WorkloadSummary
from harness.model.measured import Measured, Plan, Process, Result, Run

_LEAST_SLICE_NS = 1000
"""Two readings of the clock take a twentieth of this: shorter slices say more about the clock than about the code."""
_MOST_DROPPED_SHARE = 0.2
_FEW_BLOCKS = 3
_STEPPED_SECONDS = 1.0
"""Of the wall clock against the monotonic one: less is how clocks are kept right."""
_SUSPICIOUS = (0.2, 0.7)
"""Share of its time in which a computing variant did not run; who waits longer waits for an answer, not for a processor."""
_COMPUTING = frozenset(
    {Technique.PYTHON, Technique.STDLIB, Technique.NUMPY, Technique.CYTHON, Technique.NUMBA}
)
_START_NOISE_SECONDS = 0.02
_FIRST_CALL_NOISE_SECONDS = 0.001
_NOT_MEASURED = frozenset(
    {
        Status.RAISED,
        Status.CRASHED,
        Status.TIMEOUT,
        Status.OOM,
        Status.KILLED,
        Status.NOT_BUILT,
        Status.UNAVAILABLE,
    }
)


def summarise(run: Run, file: str | None = None) -> Summary:
    """Judge a run; deterministic, so that every published number can be recomputed from its file."""
    workloads = tuple(_workload(measured, run) for measured in run.workloads)
    curves = tuple(curve for crew in run.crews if (curve := parallel_curve(crew)))
    return Summary(run, workloads, all_series(run, workloads), curves, file)


def network_of(measured: Measured, earlier: Network | None = None) -> Network:
    """The proven variants of a workload, tied by the rounds of its kept blocks: what every ratio is made of."""
    kept = _kept_blocks(measured)
    processes = {
        result.key.variant: _kept(result, kept) for result in measured.results if proven(result)
    }
    return Network(processes, earlier=earlier)


def widest_ratio(
    measured: Measured, reference: str, network: Network | None = None
) -> float | None:
    """The largest relative half-width of the ratios' intervals: what the stopping rule looks at.

    Args:
        measured: a workload.
        reference: the variant whose ratios count; where it is not proven, the first that is.
        network: of the workload, where it is known already.
    """
    network = network or network_of(measured)
    first = reference if reference in network.names else next(iter(network.names), "")
    ratios = [network.ratio(first, name) for name in network.names if name != first]
    if not ratios or any(ratio is None for ratio in ratios):
        return None
    return max(ratio.relative_half_width for ratio in ratios if ratio is not None)


def why_it_ended(measured: Measured, plan: Plan, widest: float) -> str:
    """Say why a workload ended before it was precise; empty: it is precise."""
    if widest <= plan.precision:
        return ""
    goal = f"±{widest:.1%} (goal ±{100 * plan.precision:g}%)"
    if not measured.complete:
        return f"not finished: so far {goal}"
    if plan.max_blocks and len(measured.conditions) >= plan.max_blocks:
        return f"ended after {plan.max_blocks} blocks at {goal}"
    return f"time ran out at {goal}"


def best_of_ours(workload: WorkloadSummary) -> Row | None:
    """The fastest proven variant that is no rival."""
    ours = [row for row in workload.rows if row.seconds is not None and not row.result.rival]
    return min(ours, key=lambda row: row.seconds.value if row.seconds else 0.0, default=None)


def exit_code(summary: Summary) -> ExitCode:
    """The gravest ending among all results: 3, 4, 5 or 0.  What was left out on purpose does not count."""
    measured = {
        result.key
        for workload in summary.run.workloads
        for result in workload.results
        if result.processes and proven(result)
    }
    codes = [
        _result_code(row, dropped=row.result.key in measured)
        for workload in summary.workloads
        for row in workload.rows
    ]
    for workload in summary.workloads:
        total = workload.blocks_kept + len(workload.blocks_dropped)
        if len(workload.blocks_dropped) > _MOST_DROPPED_SHARE * total:
            codes.append(ExitCode.INCONCLUSIVE)
    return gravest(codes)


def _result_code(row: Row, *, dropped: bool) -> ExitCode:
    status = row.result.status
    if status in NOT_EQUIVALENT:
        return ExitCode.WRONG_ANSWER
    if status in _NOT_MEASURED:
        return ExitCode.NOT_MEASURED
    if status is Status.TOO_NOISY or _coarse(row):
        return ExitCode.INCONCLUSIVE
    if status is Status.OK and row.seconds is None:  # measured nothing is never "fine"
        return ExitCode.INCONCLUSIVE if dropped else ExitCode.NOT_MEASURED
    return ExitCode.OK


def _coarse(row: Row) -> bool:
    """Whether its slices are too short for the clock: one call is short, and its input too large to prepare many of them."""
    slices = [sample.ns for process in row.result.processes for sample in process.samples]
    return bool(slices) and statistics.median(slices) < _LEAST_SLICE_NS


@dataclass(frozen=True, slots=True)
class _Reference:
    """The reference's part of a workload."""

    name: str
    start_seconds: float | None
    first_call_seconds: float | None
    seconds: Estimate | None


def _workload(measured: Measured, run: Run) -> WorkloadSummary:
    kept = _kept_blocks(measured)
    results = [replace(result, processes=tuple(_kept(result, kept))) for result in measured.results]
    reference = _reference(results, run.reference)
    network = network_of(measured)
    rows = [_row(result, reference, network, measured.bound_seconds) for result in results]
    rows = _beside_the_best(_with_ties(rows, network), network)
    widths = [
        row.speedup.ratio.relative_half_width
        for row in rows
        if row.speedup and row.result.key.variant != run.reference
    ]
    widest = max(widths, default=None)
    dropped = tuple(conditions.dropped for conditions in measured.conditions if conditions.dropped)
    blocks = sum(not conditions.dropped for conditions in measured.conditions)
    warnings = _warnings(rows, measured, blocks=blocks, widest=widest, plan=run.plan)
    warnings += ["a monitor looked on"] if run.plan.monitor else []
    return WorkloadSummary(
        measured.workload,
        measured.n,
        tuple(rows),
        blocks,
        dropped,
        widest,
        measured.bound_seconds,
        tuple(warnings),
    )


def _reference(results: Sequence[Result], name: str) -> _Reference:
    result = next(
        (result for result in results if result.key.variant == name and proven(result)), None
    )
    if result is None:
        return _Reference(name, None, None, None)
    return _Reference(name, *_cold(result), time_estimate(result.processes))


def _row(result: Result, reference: _Reference, network: Network, bound: float | None) -> Row:
    if not proven(result) or not result.processes:
        return Row(result)
    seconds = time_estimate(result.processes)
    if seconds is None:
        return Row(result)
    if bound and is_impossible(seconds.value, bound):
        return Row(
            replace(
                result,
                status=Status.IMPOSSIBLE_SPEED,
                message=impossible_message(seconds.value, bound),
            )
        )
    start, first = _cold(result)
    return Row(
        result=result,
        seconds=seconds,
        speedup=_speedup(result, reference.name, network),
        cpu_seconds=statistics.median(
            statistics.median(s.cpu_ns / s.loops for s in p.samples) for p in result.processes
        )
        / 1e9,
        start_seconds=start,
        first_call_seconds=first,
        payback_calls=_payback(result, seconds, reference),
        times_limit=seconds.value / bound if bound else None,
        samples_seconds=tuple(
            sample.seconds for process in result.processes for sample in process.samples
        ),
    )


def _speedup(result: Result, reference: str, network: Network) -> Comparison | None:
    key = replace(result.key, variant=reference)
    if result.key == key:
        return Comparison(key, key, Estimate(1.0, 1.0, 1.0), Verdict.SAME)
    ratio = network.ratio(reference, result.key.variant)
    return None if ratio is None else Comparison(key, result.key, ratio, verdict(ratio))


def _payback(result: Result, seconds: Estimate, reference: _Reference) -> int | None:
    """Calls until start-up is earned back; differences of start-up within their own noise count as none."""
    if result.key.variant == reference.name or reference.seconds is None:
        return None
    (start, first), (other_start, other_first) = (
        _cold(result),
        (reference.start_seconds, reference.first_call_seconds),
    )
    if start is None or first is None or other_start is None or other_first is None:
        return None
    excess = _beyond(start - other_start, _START_NOISE_SECONDS) + _beyond(
        first - other_first, _FIRST_CALL_NOISE_SECONDS
    )
    return payback_calls((0.0, reference.seconds.value), (excess, seconds.value))


def _beyond(seconds: float, noise: float) -> float:
    return seconds if abs(seconds) > noise else 0.0


def _cold(result: Result) -> tuple[float | None, float | None]:
    """Start and first call in seconds: of the cold pass, else of the first process."""
    if result.cold is not None:
        return result.cold.start_ns / 1e9, result.cold.first_call_ns / 1e9
    if not result.processes:
        return None, None
    first = min(result.processes, key=lambda process: process.block)
    return first.start_ns / 1e9, first.first_call_ns / 1e9


def _with_ties(rows: list[Row], network: Network) -> list[Row]:
    timed = sorted(
        (row for row in rows if row.seconds),
        key=lambda row: row.seconds.value if row.seconds else 0.0,
    )
    ties = tie_groups(
        timed, lambda one, other: network.ratio(one.result.key.variant, other.result.key.variant)
    )
    numbers = {row.result.key: tie for row, tie in zip(timed, ties, strict=True)}
    return [replace(row, tie=numbers.get(row.result.key)) for row in rows]


def _beside_the_best(rows: list[Row], network: Network) -> list[Row]:
    """Say of every row how many times the best of ours it takes."""
    ours = [row for row in rows if row.seconds is not None and not row.result.rival]
    if not ours:
        return rows
    best = min(ours, key=lambda row: row.seconds.value if row.seconds else 0.0)
    one = Estimate(1.0, 1.0, 1.0)
    return [
        replace(
            row,
            times_best=one
            if row is best
            else network.ratio(row.result.key.variant, best.result.key.variant),
        )
        if row.seconds
        else row
        for row in rows
    ]


def _warnings(
    rows: Sequence[Row], measured: Measured, *, blocks: int, widest: float | None, plan: Plan
) -> list[str]:
    said = []
    if blocks < _FEW_BLOCKS and any(row.seconds for row in rows):
        said.append(f"only {blocks} blocks: intervals are wide")
    if widest is not None and (why := why_it_ended(measured, plan, widest)):
        said.append(why)
    waited = [
        row.result.key.variant
        for row in rows
        if _SUSPICIOUS[0] < _waited_share(row) < _SUSPICIOUS[1]
    ]
    if waited:
        said.append(
            f"other work seems to be running ({', '.join(waited)} waited): ratios of long to short calls are biased then"
        )
    stepped = sum(conditions.clock_step_seconds for conditions in measured.conditions)
    if abs(stepped) > _STEPPED_SECONDS:
        said.append(f"the wall clock was stepped by {stepped:+.0f} s; no duration depends on it")
    if coarse := [row.result.key.variant for row in rows if _coarse(row)]:
        said.append(
            f"below the timer's resolution (a slice of less than {_LEAST_SLICE_NS} ns): {', '.join(coarse)}; give a call more work"
        )
    return said


def _waited_share(row: Row) -> float:
    """Share of the wall time in which a variant that only computes did not run.

    A slice of half a millisecond slips in between preemptions, a call of ten cannot: under competing load their
    ratio is wrong, however narrow its interval.
    """
    if row.seconds is None or row.cpu_seconds is None or row.result.technique not in _COMPUTING:
        return 0.0
    return 1 - row.cpu_seconds / row.seconds.value


def proven(result: Result) -> bool:
    """Whether a number of it may be shown: it answered, and as the reference does."""
    certificate = result.certificate
    return (
        result.status is Status.OK
        and certificate is not None
        and certificate.verdict in (Proof.REFERENCE, Proof.EQUAL)
    )


def _kept_blocks(measured: Measured) -> set[int]:
    return {conditions.block for conditions in measured.conditions if not conditions.dropped}


def _kept(result: Result, blocks: set[int]) -> list[Process]:
    return [process for process in result.processes if process.block in blocks and process.samples]
