"""The gate's policy: when a change counts as slower, when as the same, and when that is unclear.

Pure arithmetic on units.  A unit is what one fresh process (or pair of processes) measured: of the typical call the
median, over pairs of neighbouring slices, of log(head / base); of the average call the logarithm of the ratio of sums.
docs/gate.md tells the reasons.

Two lines are drawn for a tolerance ``T``: a slowdown of ``T`` must be found, one of ``T / 2`` or less must never be
called a regression.  Red needs the interval's lower end above ``T / 2``, green its upper end below ``T``: were there
one line only, a slowdown of exactly that size would be found half of the time, however long one measures.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import fmean, median, stdev
from typing import TYPE_CHECKING

from harness.errors import ExitCode, gravest
from harness.model.declared import Technique, Verdict
from harness.model.gated import GateVerdict, Metric, Sight
from harness.model.judged import Estimate

if TYPE_CHECKING:
    from harness.model.declared import Case
    from harness.model.gated import Gap, KeyVerdict

LOOKS = (8, 12, 16)
"""Units after which the evidence is looked at; in between nobody peeks."""
CONFIRMING = 12
"""Fresh units in which a slowdown must be seen again."""
_ONE_SIDED = 0.025
"""Chance, over all looks together, that an interval's end misses the truth (Bonferroni's bound: Pocock's without a table)."""
_CONFIRMED = 0.005
"""Chance that fresh units of identical code confirm a slowdown: some hundred keys are judged at once."""
_STRAY = 1
"""Confirming units that may be at or below nothing; 13 of 4096 sign patterns of twelve units have so few."""
_POWER = 0.95
"""How often the smallest effect that we state must be found."""
_AGREEMENT = {Metric.TIME: 2 / 3, Metric.AVERAGE: 1 / 2}
"""Share of the units that must be on the red side; an average varies more from process to process."""
_WORST = 10
_TOO_NOISY = 2.0
"""A machine that would miss twice the tolerance after the last look cannot judge times."""
_LINES = {Metric.TIME: 2.0, Metric.AVERAGE: 2.0, Metric.INSTRUCTIONS: 4.0}
"""The red line is the tolerance divided by this."""


_COMPILED = frozenset({Technique.CYTHON, Technique.NUMBA})


def choose_workload(case: Case, variant: str, technique: Technique) -> str:
    """Name the workload a variant is compared on: by its case's declaration alone, never by a clock.

    What the case declares for this variant (``Gate(on=...)``) comes first.  Else, of the case's ``gate`` workloads
    (or, without any, of those that ``run`` measures), ascending: compiled code is compared on the middle one,
    the reference on the first, everything else a quarter of the way up.
    """
    if variant in case.gate.on:
        return case.gate.on[variant]
    names = case.gate.workloads or tuple(one.name for one in case.default_workloads())
    if variant == case.reference:
        return names[0]
    return names[len(names) // 2 if technique in _COMPILED else (len(names) - 1) // 4]


@dataclass(frozen=True, slots=True)
class Unit:
    """What one fresh process measured: logarithms of head / base."""

    log_ratio: float
    """Of the typical call: the median over pairs of slices."""
    log_average: float
    """Of the average call: the ratio of the sums of all slices."""
    control: float | None
    """The median of the control; None: no control rode along."""
    pairs: int
    calls: int
    """Calls of each side that were timed."""
    base_seconds: float
    """One call of the base, median."""

    def of(self, metric: Metric) -> float:
        """The logarithm that a metric judges."""
        return self.log_average if metric is Metric.AVERAGE else self.log_ratio


@dataclass(frozen=True, slots=True)
class Slices:
    """What one process timed: nanoseconds of neighbouring slices, (base, head)."""

    pairs: Sequence[tuple[int, int]]
    loops: int
    """Calls in a slice."""
    control: Sequence[tuple[int, int]] = ()
    disturbed: Sequence[bool] = ()
    """Whether the system took the processor away during a pair; empty: not known."""


def unit_of(slices: Slices) -> Unit:
    """Reduce the slices of one process to a unit."""
    pairs, control = slices.pairs, slices.control
    return Unit(
        log_ratio=_median_log(pairs),
        log_average=_average_log(_undisturbed(slices)),
        control=_median_log(control) if control else None,
        pairs=len(pairs),
        calls=len(pairs) * slices.loops,
        base_seconds=median(base for base, _ in pairs) / slices.loops / 1e9,
    )


def _median_log(pairs: Sequence[tuple[int, int]]) -> float:
    return median(math.log(head / base) for base, head in pairs)


def _average_log(pairs: Sequence[tuple[int, int]]) -> float:
    return math.log(sum(head for _, head in pairs) / sum(base for base, _ in pairs))


def _undisturbed(slices: Slices) -> Sequence[tuple[int, int]]:
    """The pairs in which the system did not take the processor away, if they are at least half of all.

    Whole pairs are left out, and by what the system says, never by how long they took: a rare slow call of the code
    looks like an outlier of the machine, but comes back in every process and is no switch to another process.
    """
    flags = slices.disturbed or [False] * len(slices.pairs)
    kept = [pair for pair, disturbed in zip(slices.pairs, flags, strict=True) if not disturbed]
    return kept if 2 * len(kept) >= len(slices.pairs) else slices.pairs


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the units say so far; ``verdict`` None: go on measuring."""

    ratio: Estimate
    """Head / base."""
    smallest_effect: float
    """The smallest slowdown found 95 times in 100 with so many units of such spread."""
    verdict: Verdict | None


def judge(units: Sequence[Unit], *, tolerance: float, metric: Metric = Metric.TIME) -> Judgement:
    """Judge the units at a look, five at least: slower, same or faster if that is certain enough; unclear after the last look.

    Slower also needs most of the units on the red side: a rare process in which one side sits badly in the caches
    is far off, and must not decide alone.
    """
    values = [unit.of(metric) for unit in units]
    center, error, freedom = trimmed(values)
    reach = _quantile(freedom) * error
    red, green = math.log1p(tolerance / _LINES[metric]), math.log1p(tolerance)
    ratio = Estimate(math.exp(center), math.exp(center - reach), math.exp(center + reach))
    effect = math.expm1(red + reach + _power(freedom) * error)
    agreed = sum(value > red for value in values) >= _AGREEMENT[metric] * len(values)
    verdict = _verdict((center - reach, center + reach), (red, green), agreed=agreed)
    if verdict is None and len(values) >= LOOKS[-1]:
        verdict = Verdict.UNCLEAR
    return Judgement(ratio, effect, verdict)


def promising(judgement: Judgement, *, tolerance: float) -> bool:
    """Whether an average that is undecided is worth more units: it reads beyond the red line."""
    return judgement.verdict is None and judgement.ratio.value > 1 + tolerance / 2


def trimmed(values: Sequence[float]) -> tuple[float, float, int]:
    """Trimmed mean, its standard error and degrees of freedom (Tukey and McLaughlin, Sankhya A 25, 1963).

    One value in eight, but at least one, is cut off at either end: a process in twenty is far off, and one such value
    would widen Student's interval for all of them.
    """
    ordered, count = sorted(values), len(values)
    cut = max(1, count // 8)
    kept = ordered[cut : count - cut]
    drawn_in = [kept[0]] * cut + kept + [kept[-1]] * cut
    error = stdev(drawn_in) / ((1 - 2 * cut / count) * math.sqrt(count))
    return fmean(kept), error, len(kept) - 1


def _verdict(
    interval: tuple[float, float], lines: tuple[float, float], *, agreed: bool
) -> Verdict | None:
    (low, high), (red, green) = interval, lines
    if low > red and agreed:
        return Verdict.SLOWER
    if high < -red:
        return Verdict.FASTER
    return Verdict.SAME if high < green else None


def confirms(fresh: Sequence[Unit], *, tolerance: float, metric: Metric = Metric.TIME) -> bool:
    """Whether fresh units show a slowdown by themselves: beyond the red line again, and identical code would hardly do it.

    That is a test of its own at half a per cent, either by sign (processes with two speeds have no other spread)
    or by Student's interval of the trimmed mean (noisy ones).
    """
    values = [unit.of(metric) for unit in fresh]
    if median(values) <= math.log1p(tolerance / _LINES[metric]):
        return False
    if sum(value <= 0 for value in values) <= _STRAY:
        return True
    center, error, freedom = trimmed(values)
    return center > _quantile(freedom, _CONFIRMED) * error


def control_moved(units: Sequence[Unit], *, tolerance: float) -> bool:
    """Whether the control, which nobody changed, moved by more than the red line: then nothing of this run counts."""
    estimate = control_estimate(units)
    line = 1 + tolerance / 2
    return estimate is not None and (estimate.low > line or estimate.high < 1 / line)


def control_estimate(units: Sequence[Unit]) -> Estimate | None:
    """The control's ratio with its interval; None for fewer than two units with a control."""
    values = [unit.control for unit in units if unit.control is not None]
    if len(values) < 2:
        return None
    center, reach = (
        fmean(values),
        _quantile(len(values) - 1) * stdev(values) / math.sqrt(len(values)),
    )
    return Estimate(math.exp(center), math.exp(center - reach), math.exp(center + reach))


def machine_effect(units: Sequence[Unit], *, tolerance: float) -> float:
    """The smallest slowdown this machine could show after the last look, from identical code against itself."""
    _, error, _ = trimmed([unit.log_ratio for unit in units])  # as the keys are judged
    error *= math.sqrt(len(units) / LOOKS[-1])
    freedom = LOOKS[-1] - 1
    return math.expm1(math.log1p(tolerance / 2) + (_quantile(freedom) + _power(freedom)) * error)


def too_noisy(units: Sequence[Unit], *, tolerance: float) -> bool:
    """Whether identical code against itself says that this machine cannot judge times now."""
    return machine_effect(units, tolerance=tolerance) > _TOO_NOISY * tolerance


@dataclass(frozen=True, slots=True)
class Counts:
    """Instructions under one hash seed: those of some calls, and of twice as many calls after them."""

    base: tuple[float, float]
    head: tuple[float, float]
    calls: tuple[int, int]

    @property
    def ratio(self) -> float:
        """Head / base, over all calls."""
        return sum(self.head) / sum(self.base)

    @property
    def parts(self) -> tuple[float, float]:
        """Head / base, over the first calls and over the rest."""
        return self.head[0] / self.base[0], self.head[1] / self.base[1]


def judge_counts(counts: Sequence[Counts], *, tolerance: float) -> Judgement:
    """Judge instruction counts by every hash seed and by both numbers of calls.

    Counts of one program do not vary, so the line is a quarter of the tolerance, and every part must be beyond it.
    Fewer instructions are never called a speed-up: they need not take less time.
    """
    parts = sorted(part for one in counts for part in one.parts)
    line = tolerance / _LINES[Metric.INSTRUCTIONS]
    verdict = (
        Verdict.SLOWER
        if parts[0] > 1 + line
        else Verdict.SAME
        if parts[-1] <= 1 + line
        else Verdict.UNCLEAR
    )
    return Judgement(
        Estimate(median(one.ratio for one in counts), parts[0], parts[-1]), line, verdict
    )


def uneven(counts: Sequence[Counts], *, tolerance: float) -> bool:
    """Whether the two numbers of calls disagree: some work recurs too rarely for them, so their ratio is not fair."""
    line = tolerance / _LINES[Metric.INSTRUCTIONS]
    return any(abs(one.parts[0] - one.parts[1]) > line for one in counts)


def overruled(counted: KeyVerdict, timed: KeyVerdict | None) -> bool:
    """More instructions that provably take less time are no regression."""
    return (
        counted.verdict is Verdict.SLOWER and timed is not None and timed.verdict is Verdict.FASTER
    )


def undecided(key: KeyVerdict) -> bool:
    """Whether a key leaves the gate inconclusive.

    An average that is too noisy to decide is no finding, and says what it could have seen.  One whose whole
    interval is above nothing, or that fresh processes did not repeat, leaves the question open.
    """
    if key.verdict is not Verdict.UNCLEAR:
        return False
    return key.metric is not Metric.AVERAGE or key.ratio is None or key.ratio.low > 1


def exit_code(
    keys: Sequence[KeyVerdict],
    *,
    missing: Sequence[Gap],
    wrong: Sequence[Gap],
    listed: int,
    noisy: bool,
) -> ExitCode:
    """The exit code of a whole gate; ``listed``: how many variants there are to speak about at all."""
    verdicts = [key.verdict for key in keys]
    return gravest(
        [
            ExitCode.WRONG_ANSWER if wrong else ExitCode.OK,
            ExitCode.NOT_MEASURED if missing else ExitCode.OK,
            ExitCode.REGRESSION if Verdict.SLOWER in verdicts else ExitCode.OK,
            ExitCode.INCONCLUSIVE
            if noisy or not listed or any(undecided(key) for key in keys)
            else ExitCode.OK,
        ]
    )


def gate_verdict(code: ExitCode) -> GateVerdict:
    """The word for an exit code."""
    return {
        ExitCode.WRONG_ANSWER: GateVerdict.NOT_EQUIVALENT,
        ExitCode.NOT_MEASURED: GateVerdict.NOT_MEASURED,
        ExitCode.REGRESSION: GateVerdict.REGRESSION,
        ExitCode.INCONCLUSIVE: GateVerdict.INCONCLUSIVE,
    }.get(code, GateVerdict.PASS)


def sights(keys: Sequence[KeyVerdict], *, tolerance: float) -> tuple[Sight, ...]:
    """Sum up keys of identical code, metric by metric."""
    return tuple(
        _sight(metric, mine, tolerance)
        for metric in Metric
        if (mine := [key for key in keys if key.metric is metric])
    )


def _sight(metric: Metric, keys: Sequence[KeyVerdict], tolerance: float) -> Sight:
    seen = sorted(
        (key for key in keys if key.smallest_effect is not None),
        key=lambda key: key.smallest_effect or 0.0,
        reverse=True,
    )
    effects = [key.smallest_effect or 0.0 for key in seen]
    verdicts = [key.verdict for key in keys]
    return Sight(
        metric=metric,
        keys=len(keys),
        false_alarms=verdicts.count(Verdict.SLOWER),
        faster=verdicts.count(Verdict.FASTER),
        unclear=verdicts.count(Verdict.UNCLEAR),
        median_effect=median(effects) if effects else None,
        within=sum(effect <= tolerance for effect in effects),
        worst=tuple(seen[:_WORST]),
    )


def rate(successes: int, trials: int) -> Estimate:
    """A share with its exact 95 % interval (Clopper and Pearson, Biometrika 26, 1934)."""
    from scipy.special import betaincinv

    low = (
        0.0 if successes == 0 else float(betaincinv(successes, trials - successes + 1, _ONE_SIDED))
    )
    high = (
        1.0
        if successes == trials
        else float(betaincinv(successes + 1, trials - successes, 1 - _ONE_SIDED))
    )
    return Estimate(successes / trials, low, high)


@cache
def _quantile(freedom: int, chance: float = _ONE_SIDED / len(LOOKS)) -> float:
    from scipy.special import stdtrit  # scipy.stats would take a second to import

    return float(stdtrit(freedom, 1 - chance))


@cache
def _power(freedom: int) -> float:
    """How many standard errors beyond its interval's reach a slowdown must be to be found with ``_POWER``."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, _POWER))


METRICS = {
    "time": (Metric.TIME, Metric.AVERAGE),
    "instructions": (Metric.INSTRUCTIONS,),
    "both": tuple(Metric),
}
"""What the command's words for metrics ask for."""
