"""What this machine can do at all: one figure for each limit, with the spread of its repetitions, and the roofline made of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.model.measured import Machine, Roof

UNSTABLE = 0.2
"""A figure is marked when half of its repetitions or more are further than this share from the best: it may have been luck."""


class Through(StrEnum):
    """What a figure was measured with."""

    COMPILED = "compiled"
    NUMPY = "numpy"
    PYTHON = "python"


class Group(StrEnum):
    """What kind of limit a figure is."""

    MEMORY = "memory"
    ARITHMETIC = "arithmetic"
    CALLS = "calls"
    SYSTEM = "system"
    STARTING = "starting"
    PARALLEL = "parallel"


@dataclass(frozen=True, slots=True)
class Figure:
    """One limit of one machine: the best that was seen, since a limit is what a machine can do and not what it did.

    The repetitions, each the best of many slices, are spread over the whole time of the measurement: ``typical`` is
    their median, ``low`` and ``high`` are the least and the greatest.
    """

    name: str
    """With its unit: ``read_bytes_per_second``, ``call_seconds``; named as the field of ``Limits``."""
    group: Group
    unit: str
    """``bytes/s``, ``1/s``, ``s`` or ``cores``."""
    value: float
    typical: float
    low: float
    high: float
    repetitions: int
    through: Through = Through.COMPILED
    way: str = ""
    """Which of several ways of doing it was the quickest."""
    where: str = ""
    """What exactly was worked on, where that matters."""
    working_set_bytes: int | None = None
    """Everything touched: of a copy, source and target together."""
    holds_bytes: int | None = None
    """Up to how many bytes this cache holds; of memory, the working set."""
    workers: int | None = None
    """How many worked at once, where that is the question."""
    before: float | None = None
    """The best that the measurements before this one saw."""

    @property
    def is_rate(self) -> bool:
        """More is better."""
        return self.unit != "s"

    @property
    def best_seen(self) -> float:
        """The best of this measurement and of those before: what a bound is made of."""
        if self.before is None:
            return self.value
        return max(self.value, self.before) if self.is_rate else min(self.value, self.before)

    @property
    def spread(self) -> float:
        """How far the median of the repetitions is from the best, as a share of the best."""
        return abs(self.typical - self.value) / self.value if self.value else 0.0

    @property
    def unstable(self) -> bool:
        """The repetitions disagree, or two measurements do: the next one may well see another best."""
        return bool(self.doubts)

    @property
    def doubts(self) -> str:
        """Why this figure is unstable; empty when it is not."""
        if self.spread > UNSTABLE:
            return f"half of {self.repetitions} repetitions were {self.spread:.0%} off or more"
        if self.before and not 1 - UNSTABLE <= self.value / self.before <= 1 / (1 - UNSTABLE):
            return f"{self.value / self.before:.2f}x what was measured before"
        return ""

    @property
    def key(self) -> tuple[str, int, int]:
        """What makes two figures the same question: name, working set, workers."""
        return self.name, self.working_set_bytes or 0, self.workers or 0


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """A limit that this machine would not tell, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class MachineLimits:
    """One measurement of a machine's limits: what the cache keeps."""

    machine: Machine
    measured: str
    """When: UTC, ISO 8601."""
    seconds: float
    """How long it took."""
    load: float
    """One-minute load average when it began: what else was going on."""
    figures: tuple[Figure, ...]
    missing: tuple[NotMeasured, ...] = ()


class Standing(StrEnum):
    """Who a point on the roofline is."""

    OURS = "best of ours"
    REFERENCE = "reference"
    RIVAL = "best rival"


@dataclass(frozen=True, slots=True)
class Point:
    """One variant on the roofline: the work the question asks for, over the time it took."""

    case: str
    workload: str
    variant: str
    standing: Standing
    operations: float
    n_bytes: float
    seconds: float

    @property
    def intensity(self) -> float:
        """Operations a byte."""
        return self.operations / self.n_bytes

    @property
    def operations_per_second(self) -> float:
        """Useful operations a second."""
        return self.operations / self.seconds


@dataclass(frozen=True, slots=True)
class Roofline:
    """Everything that is on the picture."""

    machine: Machine
    roofs: tuple[Roof, ...]
    points: tuple[Point, ...]
    left_out: tuple[str, ...] = ()
    """One sentence for each case that is not on it."""
