"""What is known of old commits: values by key and commit, and the steps between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from harness.model.judged import Estimate
from harness.model.measured import Key


class Quantity(StrEnum):
    """What is kept of a key, commit by commit."""

    RATIO = "ratio"
    """Time of the variant / time of the reference, paired; above 1 it is slower."""
    SECONDS = "seconds"
    PEAK_BYTES = "peak_bytes"
    INSTRUCTIONS = "instructions"


@dataclass(frozen=True, slots=True, order=True)
class Measurand:
    """A key and what is measured of it: the address of a curve's value."""

    key: Key
    quantity: Quantity


class State(StrEnum):
    """What became of one value."""

    MEASURED = "measured"
    SKIPPED = "skipped"
    """That commit has no such variant or size, or this environment not what it needs."""
    FAILED = "failed"
    """It should have been measured: it raised, timed out, answered wrongly, or was not built."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value of one commit; its interval is asv's, of 99 %, where it has one."""

    measurand: Measurand
    state: State
    estimate: Estimate | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What one result file says: one commit, one machine, one environment."""

    path: Path
    commit: str
    machine: str
    environment: str
    python: str
    facts: Mapping[str, str]
    """Of the machine, as asv keeps them."""
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """One commit's value in a curve."""

    commit: str
    value: float


@dataclass(frozen=True, slots=True)
class Curve:
    """The values of one key on one machine in one environment, oldest commit first."""

    measurand: Measurand
    machine: str
    environment: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A change point: up to ``last`` one level, from ``first`` on another."""

    measurand: Measurand
    machine: str
    environment: str
    last: str
    """The last commit measured at the old level."""
    first: str
    """The first commit measured at the new level; what lies between was not measured."""
    before: float
    after: float
    noise: float
    """Relative scatter of single values about their level."""

    @property
    def change(self) -> float:
        """Relative: 0.2 is 20 % more."""
        return self.after / self.before - 1
