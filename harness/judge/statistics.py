"""Estimates with intervals from correlated, noisy timings; the unit of repetition is the process.

Values inside one process share its memory layout, hash seed and moment, so they are not independent.
Everything is computed on the log scale, where slow-downs add up and ratios are differences.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from harness.model.declared import Verdict
from harness.model.judged import Estimate
from harness.model.measured import Process

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

T = TypeVar("T")
CONFIDENCE = 0.95


def time_estimate(processes: Sequence[Process]) -> Estimate | None:
    """Seconds per call: the geometric mean over processes of each one's median.

    Returns None for fewer than two processes: one process says nothing about the next.
    """
    import numpy as np

    groups = [
        np.log([sample.seconds for sample in process.samples])
        for process in processes
        if process.samples
    ]
    return _estimate(groups)


def verdict(ratio: Estimate, tolerance: float = 0.0) -> Verdict:
    """Say whether the candidate is faster (ratio above 1), slower, the same within ``tolerance``, or unclear."""
    if ratio.low > 1 + tolerance:
        return Verdict.FASTER
    if ratio.high < 1 / (1 + tolerance):
        return Verdict.SLOWER
    if tolerance and ratio.low >= 1 / (1 + tolerance) and ratio.high <= 1 + tolerance:
        return Verdict.SAME
    return Verdict.UNCLEAR


def payback_calls(reference: tuple[float, float], candidate: tuple[float, float]) -> int | None:
    """Calls until the candidate, start-up and all, has cost less than the reference; None: never.

    Args:
        reference: seconds before the second call (start and first call), seconds of each further call.
        candidate: the same of the candidate.
    """
    (reference_start, reference_call), (candidate_start, candidate_call) = reference, candidate
    if candidate_start <= reference_start and candidate_call <= reference_call:
        return 1
    if candidate_call >= reference_call:
        return None
    return 1 + math.ceil((candidate_start - reference_start) / (reference_call - candidate_call))


def tie_groups(
    fastest_first: Sequence[T], ratio: Callable[[T, T], Estimate | None]
) -> list[int | None]:
    """Number the groups of neighbours that cannot be told apart from the fastest of their group; None: alone."""
    groups: list[list[int]] = []
    for position, one in enumerate(fastest_first):
        if groups and _tied(ratio(fastest_first[groups[-1][0]], one)):
            groups[-1].append(position)
        else:
            groups.append([position])
    numbered: list[int | None] = [None] * len(fastest_first)
    for number, group in enumerate(group for group in groups if len(group) > 1):
        for position in group:
            numbered[position] = number
    return numbered


def _tied(ratio: Estimate | None) -> bool:
    return ratio is not None and ratio.low <= 1 <= ratio.high


def _estimate(groups: list[NDArray[np.float64]]) -> Estimate | None:
    """Mean over processes of their medians, with Student's interval on a process-level bootstrap's standard error.

    Whole processes are resampled, their rounds stay together: what varies inside a process is in its median
    already, and resampling it too would count it twice (Davison & Hinkley, Bootstrap Methods, 1997, 3.8:
    groups with replacement, members without).  Of a mean that standard error is known without drawing a single
    resample, sqrt(sum((m - mean)^2)) / B (Efron & Tibshirani, An Introduction to the Bootstrap, 1993, 5.12); with B
    groups it is too small by sqrt((B - 1) / B), which leaves the s / sqrt(B) of every textbook.  Nothing is random
    here, so one result file gives the same digits on every machine.
    """
    import numpy as np

    count = len(groups)
    if count < 2:
        return None
    medians = np.array([np.median(group) for group in groups])
    spread = float(medians.std(ddof=1)) / math.sqrt(count) * student_quantile(count - 1, CONFIDENCE)
    center = float(medians.mean())
    return Estimate(math.exp(center), math.exp(center - spread), math.exp(center + spread))


def student_quantile(freedom: int, confidence: float) -> float:
    """Student's quantile that leaves ``confidence`` between its negative and itself."""
    from scipy.special import stdtrit  # scipy.stats would take a second to import

    return float(stdtrit(freedom, (1 + confidence) / 2))
