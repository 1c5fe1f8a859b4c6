"""The nouns: frozen, slotted, typed.  Everything else in the harness takes and returns these."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

# A case's arguments and answers are whatever the case says they are.
Arguments: TypeAlias = tuple[Any, ...]
Answer: TypeAlias = Any
Make: TypeAlias = Callable[[int, int], Arguments]


class Technique(StrEnum):
    """How a variant is made fast."""

    PYTHON = "python"
    STDLIB = "stdlib"
    NUMPY = "numpy"
    CYTHON = "cython"
    NUMBA = "numba"
    MULTIPROCESSING = "multiprocessing"
    THREADS = "threads"
    ASYNCIO = "asyncio"
    DASK = "dask"
    LIBRARY = "library"


class Status(StrEnum):
    """How the judgement or measurement of one variant ended; the first word wins over any number."""

    OK = "ok"
    WRONG_ANSWER = "wrong-answer"
    MUTATED_INPUT = "mutated-input"
    LAZY_RESULT = "lazy-result"
    CACHED_RESULT = "cached-result"
    ALIASED_INPUT = "aliased-input"
    NONDETERMINISTIC = "nondeterministic"
    DRIFTED = "drifted"
    LEFT_RUNNING = "left-running"
    IMPOSSIBLE_SPEED = "impossible-speed"
    RAISED = "raised"
    CRASHED = "crashed"
    TIMEOUT = "timeout"
    OOM = "oom"
    KILLED = "killed"
    NOT_BUILT = "not-built"
    UNAVAILABLE = "unavailable"
    TOO_NOISY = "too-noisy"
    SKIPPED = "skipped"


NOT_EQUIVALENT = frozenset(
    {
        Status.WRONG_ANSWER,
        Status.MUTATED_INPUT,
        Status.LAZY_RESULT,
        Status.CACHED_RESULT,
        Status.ALIASED_INPUT,
        Status.NONDETERMINISTIC,
        Status.DRIFTED,
        Status.LEFT_RUNNING,
        Status.IMPOSSIBLE_SPEED,
    }
)
"""The endings that mean "this is not the same program": exit code 3."""


class Verdict(StrEnum):
    """What a comparison says; missing or unlike results are an error, never a verdict."""

    FASTER = "faster"
    SAME = "same"
    SLOWER = "slower"
    UNCLEAR = "unclear"


class Proof(StrEnum):
    """What a certificate says of a variant."""

    REFERENCE = "reference"
    EQUAL = "equal"
    NOT_EQUAL = "not-equal"
    STALE = "stale"


class Metric(StrEnum):
    """What the gate compares between two revisions."""

    TIME = "time"
    INSTRUCTIONS = "instructions"


class GateVerdict(StrEnum):
    """What the gate says of a whole change, gravest first; see ``judge/gate.py`` for the rule."""

    NOT_EQUIVALENT = "not-equivalent"
    NOT_MEASURED = "not-measured"
    REGRESSION = "regression"
    INCONCLUSIVE = "inconclusive"
    PASS = "pass"


# --------------------------------------------------------------------------- what a case declares


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two answers part.

    ``kind`` is one word: ``type``, ``count``, ``keys``, ``shape``, ``dtype``, ``precision``,
    ``value`` or a relation's own; ``where`` is a path into the answer such as ``[3]['mean']``.
    """

    kind: str
    where: str
    expected: str
    actual: str
    detail: str = ""

    def __str__(self) -> str:
        place = f" at answer{self.where}" if self.where else ""
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.kind} differs{place}: expected {self.expected}, got {self.actual}{detail}"


class Relation(Protocol):
    """When two answers count as the same: the ``same=`` of a case."""

    def compare(self, expected: Answer, actual: Answer) -> Difference | None:
        """Return the first difference, or None where the two agree."""

    def describe(self) -> str:
        """Return one line for the certificate."""


@dataclass(frozen=True, slots=True)
class Workload:
    """A recipe for arguments: the same ``n`` and ``seed`` give equal arguments, everywhere."""

    name: str
    make: Make
    n: int
    seed: int = 0

    def arguments(self, seed: int | None = None) -> Arguments:
        """Make the positional arguments afresh."""
        made = self.make(self.n, self.seed if seed is None else seed)
        if not isinstance(made, tuple):
            message = f"workload {self.name}: make(n, seed) must return a tuple of positional arguments, got {type(made).__name__}"
            raise TypeError(message)
        return made


@dataclass(frozen=True, slots=True)
class Limits:
    """What this machine can do at all, for a case's ``bound``; one core unless it says otherwise.

    Rates are the best seen, so that a bound made of them stays a lower bound.
    """

    read_bytes_per_second: Mapping[int, float]
    """Sequential read bandwidth by working set in bytes, ascending."""
    copy_bytes_per_second: Mapping[int, float]
    """Copied bytes per second (each counted once) by working set in bytes, ascending."""
    word_operations_per_second: float
    """64-bit integer operations on vectors that sit in the first cache."""
    call_seconds: float
    """A bare Python call of an empty function."""
    system_call_seconds: float
    loopback_roundtrip_seconds: float
    file_read_bytes_per_second: float
    """Reading a file that is in the page cache."""
    parallel_capacity: float
    """How many busy cores this machine really gives, measured."""

    def read_seconds(self, n_bytes: int) -> float:
        """Seconds to read ``n_bytes`` once, at the bandwidth of that working set."""
        return n_bytes / _at(self.read_bytes_per_second, n_bytes)

    def copy_seconds(self, n_bytes: int) -> float:
        """Seconds to copy ``n_bytes`` once, at the bandwidth of that working set."""
        return n_bytes / _at(self.copy_bytes_per_second, n_bytes)


def _at(rates: Mapping[int, float], n_bytes: int) -> float:
    """Return the rate of the smallest measured working set that holds ``n_bytes``."""
    return next((rate for size, rate in sorted(rates.items()) if size >= n_bytes), rates[max(rates)])


Bound: TypeAlias = Callable[..., float]
"""``bound(limits, *arguments) -> seconds``: no variant can be faster than this."""
Invariant: TypeAlias = Callable[[Arguments, Answer], "str | None"]
"""``invariant(arguments, answer)``: None, or a sentence that says what is broken."""
Service: TypeAlias = Callable[[], AbstractContextManager[Any]]
"""Starts what the variants talk to; yields a JSON-able handle, passed as the first argument."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """How the gate looks at a case; docs/gate.md."""

    workloads: tuple[str, ...] = ()
    """Names, ascending: each variant is compared on the largest of these whose single call fits into a slice
    (0.25 ms), or on the first when none does.  Empty: all workloads of the case are considered."""
    tolerance: float | None = None
    """Slowdown (0.01 is 1 %) that must be found; None: as asked on the command line."""
    tolerances: Mapping[str, float] = field(default_factory=dict)
    """The same for single variants: work in other processes varies by tens of per cent, and 1 % would never be decided."""
    uncounted: Mapping[str, str] = field(default_factory=dict)
    """Variants whose instruction counts say nothing, each with the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One question: a function, several ways of writing it, and when two answers are the same.

    docs/cases.md explains every field with an example.
    """

    function: str
    """The name of the function in every variant's file."""
    variants: tuple[str, ...]
    """File names without ``.py``, in the order that tells the story; the first is the reference."""
    workloads: tuple[Workload, ...]
    """All sizes, ascending."""
    same: Relation
    bound: Bound | None = None
    default: tuple[str, ...] = ()
    """Names of the workloads that ``run`` measures when not told otherwise (S, M and L);
    empty: the first, the middle and the last."""
    rivals: tuple[str, ...] = ()
    """Variants that are somebody else's library: measured, shown, never ranked as ours."""
    techniques: Mapping[str, Technique] = field(default_factory=dict)
    """Only where the technique cannot be seen from the variant's source."""
    relations: Mapping[str, Relation] = field(default_factory=dict)
    """Variants of another declared semantics class, with the relation that holds for them."""
    invariants: tuple[Invariant, ...] = ()
    oracle: Callable[..., Answer] | None = None
    """An exact answer where the reference itself rounds; the reference is then judged by it too."""
    adversarial: Callable[[], Iterable[Arguments]] | None = None
    """Nasty arguments: empty, one, ties, extremes."""
    strategy: Callable[[], Any] | None = None
    """A hypothesis strategy for argument tuples, made on demand (importing hypothesis is dear)."""
    verify_up_to: int | None = None
    """Largest ``n`` that ``verify`` computes with the reference; None: as far as two seconds go."""
    service: Service | None = None
    services: Mapping[str, Service] = field(default_factory=dict)
    """Services of single variants (a Redis server, say); handle first, as with ``service``."""
    consume: Callable[[Answer], Answer] | None = None
    """Turns a declared-lazy answer into a value, inside the clock."""
    mutates: bool = False
    """The function is asked to change its arguments; the changed arguments are then compared too."""
    stateful: bool = False
    """The function may remember earlier calls; the cached-result detector is then off."""
    gate: Gate = Gate()
    """Workloads, tolerance and exclusions of the gate."""
    reads_input: bool = True
    """False where a right answer need not look at every byte of its input."""

    @property
    def reference(self) -> str:
        """The variant all others are judged by."""
        return self.variants[0]

    def default_workloads(self) -> tuple[Workload, ...]:
        """The workloads ``run`` measures when not told otherwise, ascending."""
        if self.default:
            return tuple(w for w in self.workloads if w.name in self.default)
        picks = sorted({0, len(self.workloads) // 2, len(self.workloads) - 1})
        return tuple(self.workloads[i] for i in picks)

    def relation(self, variant: str) -> Relation:
        """The relation that holds for ``variant``."""
        return self.relations.get(variant, self.same)

    def service_of(self, variant: str) -> Service | None:
        """The service that must run while ``variant`` does."""
        return self.services.get(variant, self.service)


def sweep(make: Make, *, n: Iterable[int], seed: int = 0, name: str = "{n}") -> tuple[Workload, ...]:
    """Make one workload a size.

    Args:
        make: ``make(n, seed) -> tuple`` of positional arguments.
        n: the sizes, ascending.
        seed: the seed of all of them.
        name: a format of ``n`` for the workload's name.
    """
    return tuple(Workload(name=name.format(n=size), make=make, n=size, seed=seed) for size in n)


# --------------------------------------------------------------------------- what the lab measures


@dataclass(frozen=True, slots=True)
class Variant:
    """One way of writing a case's function, as the catalogue found it on disk."""

    name: str
    technique: Technique
    rival: bool
    idea: str
    """First line of its docstring."""


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """The address of a number."""

    case: str
    variant: str
    workload: str

    def __str__(self) -> str:
        return f"{self.case}/{self.workload}/{self.variant}"


@dataclass(frozen=True, slots=True)
class Sample:
    """One timed slice: ``loops`` calls in a row, each with its own fresh input."""

    ns: int
    loops: int
    cpu_ns: int
    """CPU time of the whole process tree over the slice."""
    round: int
    """Samples of one block and one round were taken one right after the other, in random order."""

    @property
    def seconds(self) -> float:
        """Wall seconds per call."""
        return self.ns / self.loops / 1e9


@dataclass(frozen=True, slots=True)
class Process:
    """All that one fresh process measured of one key: the unit of repetition."""

    block: int
    hash_seed: int
    start_ns: int
    """From spawning the process to the variant being imported."""
    first_call_ns: int
    """The first call in that process: JIT compilation or cache load, executor start, lazy imports."""
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Memory:
    """What one call needed on top of what was there, measured in a pass of its own; None: not measured."""

    peak_bytes: int | None = None
    """Rise of the resident set's high-water mark, summed over the process tree."""
    traced_peak_bytes: int | None = None
    """Peak of the allocations that went through Python's allocators (tracemalloc)."""
    blocks: int | None = None
    """Live allocations (tracemalloc) when the call had just returned."""


@dataclass(frozen=True, slots=True)
class ColdCall:
    """Start and first call with every cache of compiled code empty; what pay-back has to repay."""

    start_ns: int
    first_call_ns: int


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the machine did while one block was measured: data, not decoration."""

    workload: str
    block: int
    seconds: float
    load: float
    """One-minute load average at the end."""
    steal_share: float
    """Share of processor time the hypervisor gave to others."""
    involuntary_switches: int
    clock_step_seconds: float
    """Wall clock against monotonic clock."""
    slept_seconds: float
    swapped_pages: int
    throttled: int
    """Throttling events of the control group or the processor."""
    dropped: str = ""
    """Why this block's samples do not count; empty when they do."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a certificate rests on."""

    relation: str
    inputs: int
    """Arguments on which the answers were compared."""
    largest_n: int
    seeds: int
    hash_seeds: int
    repeats: int
    """Calls on one and the same input."""
    invariants: int
    finding: str = ""
    """The word of what was found wrong: a Difference's kind, or a detector's name."""
    message: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Certificate:
    """The proof of equivalence of one variant, bound to the digest of the sources it covers."""

    case: str
    variant: str
    verdict: Proof
    status: Status
    digest: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Machine:
    """The facts that must agree before two results may be compared."""

    id: str
    """Digest of the other facts, short."""
    cpu: str
    cores: int
    """Processors this process may use."""
    architecture: str
    system: str
    python: str
    implementation: str
    libraries: Mapping[str, str]
    """Version by distribution, of those that make or measure the numbers."""


@dataclass(frozen=True, slots=True)
class Result:
    """Everything measured of one key: every sample, by process."""

    key: Key
    technique: Technique
    rival: bool
    status: Status
    message: str
    certificate: Certificate | None
    processes: tuple[Process, ...] = ()
    memory: Memory = Memory()
    cold: ColdCall | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """One workload of a run: its results and the conditions they were taken under."""

    workload: str
    n: int
    seed: int
    bound_seconds: float | None
    complete: bool
    spent_seconds: float
    results: tuple[Result, ...]
    conditions: tuple[Conditions, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """How a run measures: what was asked on the command line, after defaults."""

    precision: float = 0.02
    """Half-width of the 95 % interval of each ratio at which a workload is done."""
    budget_seconds: float = 20.0
    """Wall seconds of measuring for each workload."""
    timeout_seconds: float = 30.0
    """For any single step of one variant."""
    memory_bytes: int = 4 << 30
    min_blocks: int = 3
    max_blocks: int = 20
    seed: int = 0
    """Of the order of rounds and the hash seeds, not of the inputs."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one case: what a result file holds."""

    id: str
    case: str
    origin: str
    """Where the case came from: ``catalogue``, a plugin's distribution, or ``path``."""
    digest: str
    """Of the case's sources."""
    reference: str
    variant_names: tuple[str, ...]
    """What was asked for, in the case's order."""
    workload_names: tuple[str, ...]
    started: str
    """UTC, ISO 8601."""
    complete: bool
    plan: Plan
    machine: Machine
    workloads: tuple[Measured, ...]


# --------------------------------------------------------------------------- what the judge says


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


@dataclass(frozen=True, slots=True)
class Summary:
    """A run, judged: what tables, JSON and pages show."""

    run: Run
    workloads: tuple[WorkloadSummary, ...]
    file: str | None = None


# --------------------------------------------------------------------------- what the gate says


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
