"""The gate's policy: when a change counts as slower, when as the same, and when nobody can say.

Pure arithmetic on units.  A unit is what one fresh process (or pair of processes) measured: the median, over pairs
of neighbouring slices, of log(head / base).  docs/gate.md tells the reasons.

Two lines are drawn for a tolerance ``T``: a slowdown of ``T`` must be found, one of ``T / 2`` or less must never be
called a regression.  Red needs the interval's lower end above ``T / 2``, green its upper end below ``T``: were there
one line only, a slowdown of exactly that size would be found half of the time, however long one measures.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, median, stdev
from typing import TYPE_CHECKING

from harness.errors import ExitCode, gravest
from harness.model.declared import Verdict
from harness.model.gated import GateVerdict, Metric
from harness.model.judged import Estimate

if TYPE_CHECKING:
    from harness.model.gated import Gap, KeyVerdict

LOOKS = (8, 12, 16)
"""Units after which the evidence is looked at; in between nobody peeks."""
CONFIRMING = 4
"""Fresh units that a slowdown must be seen in again."""
_ONE_SIDED = 0.025
"""Chance, over all looks together, that an interval's end misses the truth (Bonferroni's bound: Pocock's without a table)."""
_POWER = 0.95
"""How often the smallest effect that we state must be found."""
_AGREEMENT = 2 / 3
_TOO_NOISY = 2.0
"""A machine that would miss twice the tolerance after the last look cannot judge times."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What one fresh process measured: logarithms of head / base."""

    log_ratio: float
    control: float | None
    """The same of the control; None: no control rode along."""
    pairs: int
    base_seconds: float
    """One call of the base, median."""


def unit_of(
    pairs: Sequence[tuple[int, int]], control: Sequence[tuple[int, int]], *, loops: int
) -> Unit:
    """Reduce the slices of one process to a unit: the median of the pairs' log-ratios.

    Args:
        pairs: nanoseconds of neighbouring slices, (base, head).
        control: the same of the control.
        loops: calls in a slice.
    """
    return Unit(
        log_ratio=median(math.log(head / base) for base, head in pairs),
        control=median(math.log(head / base) for base, head in control) if control else None,
        pairs=len(pairs),
        base_seconds=median(base for base, _ in pairs) / loops / 1e9,
    )


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the units say so far; ``verdict`` None: go on measuring."""

    ratio: Estimate
    """Head / base."""
    smallest_effect: float
    """The smallest slowdown found 95 times in 100 with so many units of such spread."""
    verdict: Verdict | None


def judge(units: Sequence[Unit], *, tolerance: float) -> Judgement:
    """Judge the units at a look, five at least: slower, same or faster if that is certain enough; unclear after the last look.

    Slower also needs two thirds of the units on the red side: a rare process in which one side sits badly in the caches
    is far off, and must not decide alone.
    """
    values = [unit.log_ratio for unit in units]
    center, error, freedom = trimmed(values)
    reach = _quantile(freedom) * error
    red, green = math.log1p(tolerance / 2), math.log1p(tolerance)
    ratio = Estimate(math.exp(center), math.exp(center - reach), math.exp(center + reach))
    effect = math.expm1(red + reach + _power(freedom) * error)
    return Judgement(
        ratio, effect, _verdict(values, (center - reach, center + reach), (red, green))
    )


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
    values: Sequence[float], interval: tuple[float, float], lines: tuple[float, float]
) -> Verdict | None:
    (low, high), (red, green) = interval, lines
    if low > red and sum(value > red for value in values) >= _AGREEMENT * len(values):
        return Verdict.SLOWER
    if high < -red:
        return Verdict.FASTER
    if high < green:
        return Verdict.SAME
    return Verdict.UNCLEAR if len(values) >= LOOKS[-1] else None


def confirms(fresh: Sequence[Unit], *, tolerance: float) -> bool:
    """Whether fresh units repeat a slowdown: half of them beyond the red line again, and at most one below nothing."""
    values = [unit.log_ratio for unit in fresh]
    return median(values) > math.log1p(tolerance / 2) and sum(value <= 0 for value in values) <= 1


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
    values = [unit.log_ratio for unit in units]
    error = stdev(values) / math.sqrt(LOOKS[-1])
    freedom = LOOKS[-1] - 1
    return math.expm1(math.log1p(tolerance / 2) + (_quantile(freedom) + _power(freedom)) * error)


def too_noisy(units: Sequence[Unit], *, tolerance: float) -> bool:
    """Whether identical code against itself says that this machine cannot judge times now."""
    return machine_effect(units, tolerance=tolerance) > _TOO_NOISY * tolerance


def judge_counts(counts: Sequence[tuple[int, int]], *, tolerance: float) -> Judgement:
    """Judge instruction counts, one pair (base, head) a hash seed.

    Counts of one program do not vary, so the line is a quarter of the tolerance, and every seed must be beyond it.
    Fewer instructions are never called a speed-up: they need not take less time.
    """
    ratios = sorted(head / base for base, head in counts)
    line = 1 + tolerance / 4
    verdict = (
        Verdict.SLOWER
        if ratios[0] > line
        else Verdict.SAME
        if ratios[-1] <= line
        else Verdict.UNCLEAR
    )
    return Judgement(Estimate(median(ratios), ratios[0], ratios[-1]), tolerance / 4, verdict)


def overruled(counted: KeyVerdict, timed: KeyVerdict | None) -> bool:
    """More instructions that provably take less time are no regression."""
    return (
        counted.verdict is Verdict.SLOWER and timed is not None and timed.verdict is Verdict.FASTER
    )


def exit_code(
    keys: Iterable[KeyVerdict],
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
            if noisy or not listed or Verdict.UNCLEAR in verdicts
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


def _quantile(freedom: int) -> float:
    from scipy.special import stdtrit  # scipy.stats would take a second to import

    return float(stdtrit(freedom, 1 - _ONE_SIDED / len(LOOKS)))


def _power(freedom: int) -> float:
    """How many standard errors beyond its interval's reach a slowdown must be to be found with ``_POWER``."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, _POWER))


METRICS = {
    "time": (Metric.TIME,),
    "instructions": (Metric.INSTRUCTIONS,),
    "both": (Metric.TIME, Metric.INSTRUCTIONS),
}
