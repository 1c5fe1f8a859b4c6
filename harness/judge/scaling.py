"""From the sizes of a sweep to what they say together: crossovers, growth, choices, parallel efficiency.

Between two measured sizes every curve is taken as straight on double logarithmic paper: a crossing is found by
interpolation, never beyond the sizes that were measured.  A size of 0 has no place on such paper: it is in its table only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from harness.judge.network import Network
from harness.judge.statistics import CONFIDENCE, student_quantile
from harness.model.declared import Status
from harness.model.judged import (
    Choice,
    Crossover,
    Estimate,
    Growth,
    ParallelCurve,
    Rivalry,
    Series,
    Speedup,
)
from harness.model.measured import CREW

if TYPE_CHECKING:
    from harness.model.judged import Row, WorkloadSummary
    from harness.model.measured import Measured, Run

NEAR = 0.02
"""Variants within this share of the best are as good as the best: nobody should switch for less."""
_LEAST_FIT = 3
"""Sizes, for a growth exponent."""


@dataclass(frozen=True, slots=True)
class _Point:
    """All variants at one size, by name."""

    n: int
    rows: Mapping[str, Row]
    network: Network

    def seconds(self, variant: str) -> float:
        """Seconds per call; infinite where it was not measured."""
        row = self.rows.get(variant)
        return row.seconds.value if row is not None and row.seconds is not None else math.inf


@dataclass(frozen=True, slots=True)
class _Gap:
    """How much longer one variant takes than another at one size, on the log scale: above 0 it is slower."""

    n: int
    value: float
    low: float
    high: float


def all_series(run: Run, workloads: Sequence[WorkloadSummary]) -> tuple[Series, ...]:
    """Judge every series of a run that has at least two sizes."""
    names = dict.fromkeys(
        measured.series for measured in run.workloads if measured.series is not None
    )
    members = {
        name: {measured.workload for measured in run.workloads if measured.series == name}
        for name in names
    }
    found = []
    for name in names:
        points = [
            _point(workload)
            for workload in sorted(workloads, key=lambda one: one.n)
            if workload.name in members[name] and workload.n > 0
        ]
        points = [point for point in points if point.rows]
        if len(points) > 1:
            found.append(_series(name, points, run))
    return tuple(found)


def _point(workload: WorkloadSummary) -> _Point:
    rows = {row.result.key.variant: row for row in workload.rows if row.seconds}
    network = Network({name: row.result.processes for name, row in rows.items()})
    return _Point(workload.n, rows, network)


def _series(name: str, points: Sequence[_Point], run: Run) -> Series:
    choices, switches = _choices(name, points)
    return Series(
        name=name,
        sizes=tuple(point.n for point in points),
        choices=tuple(choices),
        crossovers=(
            *switches,
            *_against_reference(name, points, run.reference),
            *_against_rivals(name, points),
        ),
        growths=tuple(_growths(points, run)),
    )


# --------------------------------------------------------------------------- choices


def _choices(name: str, points: Sequence[_Point]) -> tuple[list[Choice], list[Crossover]]:
    """Cover the sizes with as few variants as can be, each as good as the best where it is chosen."""
    spans = _spans([_as_good_as_the_best(point) for point in points], points)
    switches = [_switch(name, points, before, after) for before, after in pairwise(spans)]
    borders = [None, *(switch.n.value for switch in switches), None]
    return [
        Choice(span.variant, *border) for span, border in zip(spans, pairwise(borders), strict=True)
    ], switches


@dataclass(frozen=True, slots=True)
class _Span:
    """A variant is chosen for the points from ``first`` to ``last``."""

    variant: str
    first: int
    last: int


def _as_good_as_the_best(point: _Point) -> set[str]:
    ours = {name for name, row in point.rows.items() if not row.result.rival}
    if not ours:
        return set()
    best = min(ours, key=point.seconds)
    return {name for name in ours if name == best or _ties(point, best, name)}


def _ties(point: _Point, best: str, other: str) -> bool:
    if point.seconds(other) <= point.seconds(best) * (1 + NEAR):
        return True
    ratio = point.network.ratio(other, best)
    return ratio is not None and ratio.low <= 1 <= ratio.high and ratio.value <= 1 + 5 * NEAR


def _spans(good: Sequence[set[str]], points: Sequence[_Point]) -> list[_Span]:
    """Take, again and again, the variant that stays good longest: no cover has fewer changes."""
    spans, first = [], 0
    while first < len(points):
        if not good[first]:
            first += 1
            continue
        reach = {name: _reach(good, name, first) for name in good[first]}
        farthest = max(reach.values())
        best = min(
            (name for name in reach if reach[name] == farthest),
            key=lambda name: (_excess(points[first : farthest + 1], name), name),
        )
        spans.append(_Span(best, first, farthest))
        first = farthest + 1
    return spans


def _reach(good: Sequence[set[str]], name: str, first: int) -> int:
    last = first
    while last + 1 < len(good) and name in good[last + 1]:
        last += 1
    return last


def _excess(points: Sequence[_Point], name: str) -> float:
    return sum(math.log(point.seconds(name)) for point in points)


def _switch(series: str, points: Sequence[_Point], before: _Span, after: _Span) -> Crossover:
    """Where to change from one choice to the next: the crossing nearest to where the first stops being good."""
    gaps = _gaps(points, before.variant, after.variant)
    crossings = [place for place in _sign_changes(gaps) if gaps[place].value <= 0]
    border = points[after.first].n
    place = min(
        crossings, key=lambda index: abs(math.log(gaps[index + 1].n / border)), default=None
    )
    if place is not None:
        return _crossover(series, Rivalry.BEST, (before.variant, after.variant), gaps, place)
    low, high = points[after.first - 1].n, border
    return Crossover(
        series,
        Rivalry.BEST,
        before.variant,
        after.variant,
        Estimate(math.sqrt(low * high), low, high),
        (low, high),
    )


# --------------------------------------------------------------------------- crossovers


def _against_reference(series: str, points: Sequence[_Point], reference: str) -> list[Crossover]:
    found = []
    for name in _names(points, rival=False):
        if name != reference:
            found += _clear_crossings(series, Rivalry.REFERENCE, points, (reference, name))
    return found


def _against_rivals(series: str, points: Sequence[_Point]) -> list[Crossover]:
    found = []
    for rival in _names(points, rival=True):
        for ours in _best_names(points):
            found += [
                one
                for one in _clear_crossings(series, Rivalry.RIVAL, points, (ours, rival))
                if ours in _best_names([point for point in points if point.n in one.between])
            ]
    return found


def _clear_crossings(
    series: str, kind: Rivalry, points: Sequence[_Point], pair: tuple[str, str]
) -> list[Crossover]:
    """Crossings with a clear winner on both sides, somewhere: what only wavers round equality crosses nothing."""
    gaps = _gaps(points, *pair)
    found = []
    for place in _sign_changes(gaps):
        rising = gaps[place].value <= 0
        names = pair if rising else (pair[1], pair[0])
        facing = gaps if rising else [_Gap(gap.n, -gap.value, -gap.high, -gap.low) for gap in gaps]
        crossing = _crossover(series, kind, names, facing, place)
        if not crossing.open_low and not crossing.open_high:
            found.append(crossing)
    return found


def _names(points: Sequence[_Point], *, rival: bool) -> list[str]:
    return list(
        dict.fromkeys(
            name
            for point in points
            for name, row in point.rows.items()
            if row.result.rival is rival
        )
    )


def _best_names(points: Sequence[_Point]) -> list[str]:
    best = []
    for point in points:
        ours = [name for name, row in point.rows.items() if not row.result.rival]
        if ours:
            best.append(min(ours, key=point.seconds))
    return list(dict.fromkeys(best))


def _gaps(points: Sequence[_Point], one: str, other: str) -> list[_Gap]:
    """Log of the time of ``one`` over the time of ``other`` wherever common rounds tie them."""
    found = []
    for point in points:
        if one in point.rows and other in point.rows:
            ratio = point.network.ratio(one, other)
            if ratio is not None:
                found.append(
                    _Gap(point.n, math.log(ratio.value), math.log(ratio.low), math.log(ratio.high))
                )
    return found


def _sign_changes(gaps: Sequence[_Gap]) -> list[int]:
    return [
        place
        for place, (left, right) in enumerate(pairwise(gaps))
        if (left.value <= 0) != (right.value <= 0)
    ]


def _crossover(
    series: str, kind: Rivalry, names: tuple[str, str], gaps: Sequence[_Gap], place: int
) -> Crossover:
    """The crossing between ``place`` and the next gap, which rise through 0; its interval is where the band of the gap holds 0.

    The interval inverts the pointwise 95 % band of the ratio (Fieller's idea), so it says what noise does to the crossing,
    not what the interpolation does.
    """
    left, right = gaps[place], gaps[place + 1]
    low, open_low = float(left.n), True
    for near, far in zip(reversed(gaps[: place + 2]), reversed(gaps[: place + 1]), strict=False):
        if far.high < 0 <= near.high:
            low, open_low = _zero(far.n, far.high, near.n, near.high), False
            break
        low = far.n
    high, open_high = float(right.n), True
    for near, far in zip(gaps[place:], gaps[place + 1 :], strict=False):
        if near.low <= 0 < far.low:
            high, open_high = _zero(near.n, near.low, far.n, far.low), False
            break
        high = far.n
    value = _zero(left.n, left.value, right.n, right.value)
    return Crossover(
        series,
        kind,
        *names,
        Estimate(value, min(low, value), max(high, value)),
        (left.n, right.n),
        open_low,
        open_high,
    )


def _zero(left_n: float, left: float, right_n: float, right: float) -> float:
    """Where a line through two points, straight in log n, is 0."""
    share = -left / (right - left) if right != left else 0.5
    return math.exp(math.log(left_n) + share * (math.log(right_n) - math.log(left_n)))


# --------------------------------------------------------------------------- growth


def _growths(points: Sequence[_Point], run: Run) -> list[Growth]:
    found = []
    for name in _names(points, rival=False) + _names(points, rival=True):
        curve = [(point.n, point.seconds(name)) for point in points if name in point.rows]
        larger = curve[-max(_LEAST_FIT, math.ceil(len(curve) / 2)) :]
        if len(larger) >= _LEAST_FIT:
            expected = run.growth.get(name)
            found.append(Growth(name, slope(larger), (larger[0][0], larger[-1][0]), expected))
    return found


def slope(curve: Sequence[tuple[int, float]]) -> Estimate:
    """Exponent of n in the seconds: least squares on double logarithmic paper, with Student's interval.

    Source: Draper & Smith, Applied Regression Analysis, 3rd ed. 1998, 1.4.
    """
    xs, ys = [math.log(n) for n, _ in curve], [math.log(seconds) for _, seconds in curve]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - mean_x) ** 2 for x in xs)
    value = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / spread
    rest = sum((y - mean_y - value * (x - mean_x)) ** 2 for x, y in zip(xs, ys, strict=True))
    freedom = len(curve) - 2
    half = student_quantile(freedom, CONFIDENCE) * math.sqrt(rest / freedom / spread)
    return Estimate(value, value - half, value + half)


# --------------------------------------------------------------------------- workers


def parallel_curve(crew: Measured) -> ParallelCurve | None:
    """Speed-up of each number of workers over one, from rounds in which all were timed one right after the other."""
    kept = {conditions.block for conditions in crew.conditions if not conditions.dropped}
    timed = {
        result.workers: result.key.variant
        for result in crew.results
        if result.workers is not None and result.status is Status.OK
    }
    network = Network(
        {
            result.key.variant: [process for process in result.processes if process.block in kept]
            for result in crew.results
            if result.key.variant in timed.values()
        }
    )
    points = [Speedup(1, Estimate(1.0, 1.0, 1.0))]
    for workers in sorted(timed):
        ratio = network.ratio(timed.get(1, ""), timed[workers]) if workers > 1 else None
        if ratio is not None:
            points.append(Speedup(workers, ratio))
    if len(points) < 2:
        return None
    contention, coherence = _scalability([(point.workers, point.speedup.value) for point in points])
    name = crew.results[0].key.variant.partition(CREW)[0]
    return ParallelCurve(
        name, crew.workload, crew.n, tuple(points), _serial(points), contention, coherence
    )


def _serial(points: Sequence[Speedup]) -> Estimate:
    """Amdahl's serial fraction, by least squares of 1/S - 1/p on 1 - 1/p (Amdahl 1967; the fit is linear)."""

    def fit(speedups: Sequence[float]) -> float:
        pairs = [
            (1 - 1 / point.workers, 1 / speedup - 1 / point.workers)
            for point, speedup in zip(points, speedups, strict=True)
        ]
        return sum(x * y for x, y in pairs) / sum(x * x for x, _ in pairs)

    fast, slow = [point.speedup.high for point in points], [point.speedup.low for point in points]
    return Estimate(fit([point.speedup.value for point in points]), fit(fast), fit(slow))


def _scalability(points: Sequence[tuple[int, float]]) -> tuple[float | None, float | None]:
    """Contention and coherence of p/S - 1 = a (p - 1) + b p (p - 1), least squares (Gunther, Guerrilla Capacity Planning, 2007)."""
    rows = [(p - 1.0, p * (p - 1.0), p / speedup - 1.0) for p, speedup in points if p > 1]
    if len(rows) < 2:
        return None, None
    aa, ab, bb = (sum(row[i] * row[j] for row in rows) for i, j in ((0, 0), (0, 1), (1, 1)))
    ay, by = (sum(row[i] * row[2] for row in rows) for i in (0, 1))
    determinant = aa * bb - ab * ab
    return (ay * bb - by * ab) / determinant, (aa * by - ab * ay) / determinant
