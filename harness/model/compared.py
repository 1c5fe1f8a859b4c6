"""Two sets of results side by side: runs, files, or what is known of commits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from harness.model.declared import Verdict
from harness.model.judged import Estimate
from harness.model.measured import Key


class Basis(StrEnum):
    """What is compared of a key."""

    RATIO = "ratio"
    """Its speed-up over the reference: what the machine did that day cancels."""
    TIME = "time"
    """Its seconds a call: the machine's day is in them."""


@dataclass(frozen=True, slots=True)
class Given:
    """What one side says of a key."""

    seconds: Estimate | None
    speedup: Estimate | None
    status: str
    reference: bool = False
    n: int | None = None
    """Size of the input; None: the side does not say."""
    processes: int | None = None
    """How many were measured; None: the side does not say."""

    def estimate(self, basis: Basis) -> Estimate | None:
        """The number that is compared."""
        return self.speedup if basis is Basis.RATIO else self.seconds


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: where it comes from, on which machine, and its keys."""

    asked: str
    """As it was named on the command line."""
    origin: str
    facts: Mapping[str, str]
    """What must agree before two sides may be compared; names that only one side knows do not count."""
    given: Mapping[Key, Given]
    confidence: float
    """Of its intervals."""
    specs: Mapping[str, str] = field(default_factory=dict)
    """Digest of the declaration by case: what was asked; a case whose is not known is not in it."""
    unfinished: tuple[tuple[str, str], ...] = ()
    """Incomplete runs among what it is made of: case and id."""


@dataclass(frozen=True, slots=True)
class ComparedKey:
    """A key that both sides have."""

    key: Key
    before: Estimate
    after: Estimate
    ratio: Estimate
    """Above 1 the second side is faster."""
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class MissingKey:
    """A key that one side should have and has not."""

    key: Key
    side: str
    why: str


@dataclass(frozen=True, slots=True)
class UnlikeKey:
    """A key that both sides have and that cannot be compared."""

    key: Key
    why: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Compared:
    """Everything that ``compare`` found."""

    first: Side
    second: Side
    basis: Basis
    tolerance: float
    keys: tuple[ComparedKey, ...]
    missing: tuple[MissingKey, ...]
    unlike: tuple[UnlikeKey, ...] = ()
