"""Which of several runs stands for a case, and why the others do not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Question:
    """What a case asks now: a run of all of it says most."""

    variants: frozenset[str]
    sizes: frozenset[str]
    """Workloads that a run measures when none is named."""
    all_sizes: frozenset[str]
    """Those of a sweep."""
    digest: str
    """Of what all variants share: a run with another one measured another case."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides whether a run stands for its case: small, whatever the run holds."""

    run: str
    machine: str
    published: bool
    sweep: bool
    covered: int
    """Keys of the question that it measured, or found to be wrong."""
    wanted: int
    """Keys of the question; as many as it covered where the question is not known."""
    changed: bool
    """The case has changed since."""


class Criterion(StrEnum):
    """By which of the rules, in this order, one run stands before another."""

    KIND = "kind"
    """A plain run before a sweep."""
    COVERAGE = "coverage"
    """More of the case's variants and sizes."""
    SOURCES = "sources"
    """Of the case as it is now."""
    PRECISION = "precision"
    """Intervals less than half as wide, or the narrower step of halving."""
    AGE = "age"
    """The newer one."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A run among others: its standing, and how wide its intervals are."""

    standing: Standing
    width: float | None
    """Median half-width of its ratios' intervals; None: not looked at, or it has no ratio."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A run that was not chosen, and the rule that decided."""

    ranked: Ranked
    by: Criterion


@dataclass(frozen=True, slots=True)
class Selection:
    """The run that stands for a case."""

    chosen: Ranked
    others: tuple[Passed, ...]
    """The newest first."""
