"""What the judge says of a run: estimates, comparisons, tables, and what the sizes of a sweep say together."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.model.declared import Verdict
from harness.model.measured import Key, Result, Run


@dataclass(frozen=True, slots=True)
class Estimate:
    """Never a bare number: a value and its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def relative_half_width(self) -> float:
        """Half the interval, as a share of the value."""
        return (self.high - self.low) / 2 / self.value if self.value else float("inf")


@dataclass(frozen=True, slots=True)
class Comparison:
    """``ratio`` is reference time / candidate time: above 1 the candidate is faster."""

    reference: Key
    candidate: Key
    ratio: Estimate
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Row:
    """What is shown of one key; None where nothing was measured, or nothing may be shown."""

    result: Result
    seconds: Estimate | None = None
    speedup: Comparison | None = None
    cpu_seconds: float | None = None
    start_seconds: float | None = None
    first_call_seconds: float | None = None
    payback_calls: int | None = None
    """Calls until start, first call and steady calls together beat the reference's; None: never."""
    times_limit: float | None = None
    times_best: Estimate | None = None
    """Time of this variant / time of the best of ours, from common rounds; above 1 it is slower."""
    tie: int | None = None
    """Rows of one number cannot be told apart; None: alone in its place."""
    samples_seconds: tuple[float, ...] = ()
    """Every sample of the kept blocks, for the small distribution."""


@dataclass(frozen=True, slots=True)
class WorkloadSummary:
    """One table: the rows in the case's order, and how well they were measured."""

    name: str
    n: int
    rows: tuple[Row, ...]
    """In the case's order, the reference first."""
    blocks_kept: int
    blocks_dropped: tuple[str, ...]
    """One reason for each dropped block."""
    widest: float | None
    """Largest relative half-width of the ratios' intervals."""
    bound_seconds: float | None
    warnings: tuple[str, ...] = ()


class Rivalry(StrEnum):
    """Who crosses whom."""

    BEST = "best"
    """The best of ours changes."""
    REFERENCE = "reference"
    """One of ours overtakes the reference, or falls behind it."""
    RIVAL = "rival"
    """The best of ours and somebody else's library change places."""


@dataclass(frozen=True, slots=True)
class Crossover:
    """Below ``n`` one variant is faster, above it another."""

    series: str
    kind: Rivalry
    below: str
    """The faster one at smaller sizes."""
    above: str
    """The faster one at larger sizes."""
    n: Estimate
    """Where their times are equal; at an open end ``low`` or ``high`` is the last size measured."""
    between: tuple[int, int]
    """The two measured sizes it lies between."""
    open_low: bool = False
    """At no smaller size measured is ``below`` clearly faster."""
    open_high: bool = False
    """At no larger size measured is ``above`` clearly faster."""


@dataclass(frozen=True, slots=True)
class Growth:
    """Time grows as n to this power, over the larger sizes."""

    variant: str
    exponent: Estimate
    sizes: tuple[int, int]
    """Smallest and largest size of the fit."""
    expected: float | None
    """What the case expects; None: nothing was declared."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The variant of ours to take for sizes from ``start`` up to ``end``; None: as far as was measured."""

    variant: str
    start: float | None
    end: float | None


@dataclass(frozen=True, slots=True)
class Series:
    """Workloads that differ in ``n`` only, judged together."""

    name: str
    sizes: tuple[int, ...]
    """The sizes at which at least one variant was measured, ascending."""
    choices: tuple[Choice, ...]
    """What to take at which size, as few changes as the data allow."""
    crossovers: tuple[Crossover, ...]
    growths: tuple[Growth, ...]


@dataclass(frozen=True, slots=True)
class Speedup:
    """What so many workers are worth."""

    workers: int
    speedup: Estimate
    """Time with one worker / time with these."""

    @property
    def efficiency(self) -> float:
        """Speed-up per worker: 1 is perfect."""
        return self.speedup.value / self.workers


@dataclass(frozen=True, slots=True)
class ParallelCurve:
    """Speed-up by workers, with the share of the work that stays serial."""

    variant: str
    workload: str
    n: int
    points: tuple[Speedup, ...]
    serial: Estimate
    """Amdahl's serial fraction: 1 / speed-up = s + (1 - s) / p.  Above 1: more workers make it slower."""
    contention: float | None
    """Of the universal scalability law; None with fewer than three numbers of workers."""
    coherence: float | None
    """Of the universal scalability law: what every pair of workers costs; None as above."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A run, judged: what tables, JSON and pages show."""

    run: Run
    workloads: tuple[WorkloadSummary, ...]
    series: tuple[Series, ...] = ()
    """What the sizes say together, of every series with at least two of them."""
    curves: tuple[ParallelCurve, ...] = ()
    file: str | None = None
