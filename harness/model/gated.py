"""What the gate finds between two revisions, and what it finds out about itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.model.declared import Verdict
from harness.model.judged import Estimate
from harness.model.measured import Key, Machine


class Metric(StrEnum):
    """What the gate compares between two revisions."""

    TIME = "time"
    """Of the typical call."""
    AVERAGE = "average"
    """Time of the average call: with what only one call in many does."""
    INSTRUCTIONS = "instructions"


class GateVerdict(StrEnum):
    """What the gate says of a whole change, gravest first; see ``judge/gate.py`` for the rule."""

    NOT_EQUIVALENT = "not-equivalent"
    NOT_MEASURED = "not-measured"
    REGRESSION = "regression"
    INCONCLUSIVE = "inconclusive"
    PASS = "pass"


@dataclass(frozen=True, slots=True)
class KeyVerdict:
    """One key on both revisions, by one metric."""

    key: Key
    metric: Metric
    ratio: Estimate | None
    """Head / base: above 1 the change made it slower.  None: see ``notes``."""
    verdict: Verdict
    smallest_effect: float | None
    """The smallest slowdown (0.004 is 0.4 %) that this measurement could have told from none."""
    units: int
    """Pairs of fresh processes (time) or hash seeds (instructions) that the ratio rests on."""
    how: str
    """``one process``, or ``two processes: <why>``, or ``callgrind``."""
    base_value: float | None
    """Seconds, or instructions, of one call at the base."""
    confirmed: bool
    """Slower was said again by fresh processes."""
    seconds: float
    """What measuring this cost, wall."""
    notes: tuple[str, ...] = ()
    calls: int | None = None
    """Calls of each side that a process timed or counted: work that recurs less often is not in the ratio."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A variant that should have been compared and was not, or not equal: with the word for it."""

    case: str
    variant: str
    status: str
    """A status word, or ``deleted``."""
    message: str


@dataclass(frozen=True, slots=True)
class GateReport:
    """Everything the gate found; what its table, Markdown, JUnit and JSON show."""

    against: str
    """The revision as asked for."""
    base: str
    """Its commit."""
    head: str
    """The commit checked out."""
    dirty: bool
    """The working tree holds changes on top of it."""
    command: str
    """What reproduces this report."""
    machine: Machine
    metrics: tuple[Metric, ...]
    tolerance: float
    keys: tuple[KeyVerdict, ...]
    unchanged: tuple[tuple[str, str], ...]
    """Case and variant whose sources, inputs and dependencies are the same on both sides; not run."""
    added: tuple[tuple[str, str], ...]
    """Case and variant that the base does not have: nothing to compare them with."""
    missing: tuple[Gap, ...]
    wrong: tuple[Gap, ...]
    machine_check: Estimate | None
    """Identical code against itself, before anything else; None: not needed."""
    machine_effect: float | None
    """The smallest slowdown that this machine could show at that moment."""
    control: Estimate | None
    """Unrelated, identical code, measured along with the keys."""
    notes: tuple[str, ...]
    seconds: float
    verdict: GateVerdict
    exit_code: int


@dataclass(frozen=True, slots=True)
class Detection:
    """How often the gate said "slower" of a slowdown planted on purpose; 0 is nothing planted: false alarms."""

    slowdown: float
    """Share of a call's time, or instructions, added."""
    metric: Metric
    trials: int
    slower: int
    unclear: int
    rate: Estimate
    """Share of trials called slower, with its exact 95 % interval."""
    read: float
    """Median of what the gate read."""
    seconds: float
    """Mean wall seconds of one decision."""


@dataclass(frozen=True, slots=True)
class SelfTest:
    """The gate, measured by itself."""

    machine: Machine
    started: str
    """UTC, ISO 8601."""
    load: int
    """Processes of other work that ran beside it on purpose."""
    load_average: float
    variants: tuple[Key, ...]
    tolerance: float
    budget_seconds: float
    detections: tuple[Detection, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class AlikeTest:
    """The gate on identical code over many keys: what it can see of each, and what it calls slower though nothing is."""

    machine: Machine
    started: str
    """UTC, ISO 8601."""
    load_average: float
    command: str
    metrics: tuple[Metric, ...]
    tolerance: float
    budget_seconds: float
    keys: tuple[KeyVerdict, ...]
    gaps: tuple[Gap, ...]
    """Variants that could not be measured or proven."""
    notes: tuple[str, ...]
    seconds: float
    complete: bool


@dataclass(frozen=True, slots=True)
class Sight:
    """What the gate sees of identical code by one metric."""

    metric: Metric
    keys: int
    false_alarms: int
    """Keys called slower, confirmed or not: nothing is."""
    faster: int
    unclear: int
    median_effect: float | None
    """Median of the smallest effects; None: there is none."""
    within: int
    """Keys whose smallest effect is the tolerance or less."""
    worst: tuple[KeyVerdict, ...]
    """Those of the largest smallest effects, the largest first."""
