"""Change points in a curve of ratios: where a level ends and another begins, if noise alone would not do it.

asv's own detection proposes the segments (a Potts model with an L1 distance); which of their borders count is
decided here, against the scatter of the curve and the smallest change that anybody asked for.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from harness.errors import EnvironmentLacks
from harness.model.history import Curve, Step

SMALLEST = 0.05
"""Relative change of level that is called a step when nobody says otherwise."""
FEWEST_POINTS = 3
"""Two values differ; which of them is the exception only a third can tell."""
_SIGMAS = 4.0
"""A hundred curves of a hundred commits have ten thousand places for a false alarm: two sigmas would give hundreds."""

Detect: TypeAlias = Callable[[Sequence[float]], Sequence[tuple[int, int]]]
"""``detect(values)``: the first index of each segment and the one after its last."""


@dataclass(frozen=True, slots=True)
class _Segment:
    """Neighbouring values that are taken for one level, on the log scale."""

    values: tuple[float, ...]

    @property
    def level(self) -> float:
        return statistics.median(self.values)


def find_steps(
    curve: Curve, *, smallest: float = SMALLEST, detect: Detect | None = None
) -> tuple[Step, ...]:
    """Return the change points of a curve, oldest first; none for fewer than three points.

    Args:
        curve: values above 0, in the order of commits.
        smallest: relative change below which a step is not worth a word.
        detect: proposes segments; None: asv's.

    Raises:
        EnvironmentLacks: asv is not installed.
    """
    if len(curve.points) < FEWEST_POINTS:
        return ()
    logs = [math.log(point.value) for point in curve.points]
    sigma = scatter(logs)
    segments = [_Segment(tuple(logs[start:end])) for start, end in (detect or segments_of)(logs)]
    segments = _without_weak_borders(segments, sigma, math.log1p(smallest))
    steps, place = [], 0
    for old, new in itertools.pairwise(segments):
        place += len(old.values)
        steps.append(
            Step(
                curve.measurand,
                curve.machine,
                curve.environment,
                curve.points[place - 1].commit,
                curve.points[place].commit,
                math.exp(old.level),
                math.exp(new.level),
                sigma,
            )
        )
    return tuple(steps)


def segments_of(values: Sequence[float]) -> list[tuple[int, int]]:
    """Propose segments with asv's detection; all values are there, so they follow each other without a gap."""
    try:
        from asv.step_detect import detect_steps
    except ImportError:
        raise EnvironmentLacks(
            "asv is not installed, so steps cannot be found", "pip install 'asv>=0.6.4'"
        ) from None
    return [(int(start), int(end)) for start, end, *_ in detect_steps(list(values))]


def scatter(logs: Sequence[float]) -> float:
    """Standard deviation of single values about their level, from differences of neighbours: a few steps do not widen it.

    1.4826 times the median absolute difference is a normal's standard deviation, of a difference that of sqrt(2) values.
    """
    differences = [abs(after - before) for before, after in itertools.pairwise(logs)]
    return 1.4826 * statistics.median_low(differences) / math.sqrt(2) if differences else 0.0


def _without_weak_borders(
    segments: list[_Segment], sigma: float, smallest: float
) -> list[_Segment]:
    """Join the neighbours that differ least, until every border is a step."""
    while len(segments) > 1:
        strengths = [
            _strength(old, new, sigma, smallest) for old, new in itertools.pairwise(segments)
        ]
        weakest = min(range(len(strengths)), key=strengths.__getitem__)
        if strengths[weakest] >= 1:
            break
        joined = _Segment(segments[weakest].values + segments[weakest + 1].values)
        segments = [*segments[:weakest], joined, *segments[weakest + 2 :]]
    return segments


def _strength(old: _Segment, new: _Segment, sigma: float, smallest: float) -> float:
    """The change of level in units of the least that counts: below 1 it is no step."""
    noise = _SIGMAS * sigma * math.sqrt(1 / len(old.values) + 1 / len(new.values))
    return abs(new.level - old.level) / max(smallest, noise, 1e-12)
