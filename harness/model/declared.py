"""What a case declares, and the words for what becomes of it: all that a worker needs to know."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, Self, TypeAlias

from harness.model import units

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
    REPLACED_CLOCK = "replaced-clock"
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


ENDED = frozenset({Status.CRASHED, Status.TIMEOUT, Status.OOM, Status.KILLED})
"""Its process ended, or was ended, before it had answered."""
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
        Status.REPLACED_CLOCK,
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


class Call(tuple[Any, ...]):  # noqa: SLOT001  a tuple has no slots beside its items
    """Arguments of one call: a tuple of the positional ones, and ``keywords``."""

    keywords: dict[str, Any]

    def __new__(cls, arguments: Iterable[Any], keywords: Mapping[str, Any]) -> Self:
        """Take both kinds of arguments."""
        made = super().__new__(cls, arguments)
        made.keywords = dict(keywords)
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Call, (tuple(self), self.keywords)

    def __repr__(self) -> str:
        said = [*map(repr, self), *(f"{name}={value!r}" for name, value in self.keywords.items())]
        return f"call({', '.join(said)})"


def call(*arguments: Any, **keywords: Any) -> Arguments:
    """What ``make`` returns where the function takes arguments by keyword: ``call(xs, scale=2)``."""
    return Call(arguments, keywords)


def keywords_of(arguments: Arguments) -> dict[str, Any]:
    """The arguments that are given by keyword."""
    return arguments.keywords if isinstance(arguments, Call) else {}


def preceded(first: tuple[Any, ...], arguments: Arguments) -> Arguments:
    """Put others before the positional arguments: a service's handle."""
    if isinstance(arguments, Call):
        return Call((*first, *arguments), arguments.keywords)
    return (*first, *arguments)


@dataclass(frozen=True, slots=True)
class Workload:
    """A recipe for arguments: the same ``n`` and ``seed`` give equal arguments, everywhere."""

    name: str
    make: Make
    n: int
    seed: int = 0
    series: str | None = None
    """Workloads of one series differ in ``n`` only, so that curves may be drawn through them; None: stands alone."""

    def arguments(self, seed: int | None = None) -> Arguments:
        """Make the positional arguments afresh."""
        made = self.make(self.n, self.seed if seed is None else seed)
        if not isinstance(made, tuple):
            message = f"workload {self.name}: make(n, seed) must return a tuple of positional arguments (or harness.call(...)), got {type(made).__name__}"
            raise TypeError(message)
        return made


LIMIT_TOLERANCE = 0.1
"""A time may be this share below its lower bound before that is an error: by how much the best of a measurement on a
quiet machine differs from that of the next one (docs/limits.md has the figures)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What this machine can do at all, for a case's ``bound``; one core unless it says otherwise.

    Rates are the best seen, so that a bound made of them stays a lower bound.  What could not be measured costs
    nothing: infinite rates, zero seconds.  Bandwidths and latencies are given by how many bytes each cache holds,
    ascending; the last is memory.
    """

    read_bytes_per_second: Mapping[int, float]
    """Sequential read bandwidth by what holds the data."""
    copy_bytes_per_second: Mapping[int, float]
    """Copied bytes per second (each counted once) by what holds source and target together."""
    word_operations_per_second: float
    """64-bit integer operations (additions, exclusive ors) on vectors in registers."""
    call_seconds: float
    """A bare Python call of an empty function."""
    system_call_seconds: float
    loopback_roundtrip_seconds: float
    """One byte to another thread of this machine and back, over TCP."""
    file_read_bytes_per_second: float
    """Getting at the bytes of a file that is in the page cache: read into a buffer or mapped, whichever is quicker."""
    parallel_capacity: float
    """How many busy cores this machine really gives, measured; all of them where that was unstable or beside other work."""
    random_access_seconds: Mapping[int, float] = field(default_factory=dict)
    """One reference followed at random, the next known only when the last has arrived, by what holds the data."""
    fma_per_second: float = math.inf
    """Double-precision multiply-adds (two operations each)."""
    float_operations_per_second: float = math.inf
    """Double-precision instructions' lanes: multiply-adds and additions, each counted once, in the best mixture."""
    c_call_seconds: float = 0.0
    """A call of a built-in function from Python."""
    bare_c_call_seconds: float = 0.0
    """A call of an empty C function through a pointer."""
    object_seconds: float = 0.0
    """Making one small tuple and putting it into a list, compiled."""
    unboxed_seconds: float = 0.0
    """Taking one 64-bit integer out of a list of Python's, compiled."""
    fsync_seconds: float = 0.0
    """Getting 4096 bytes of a file onto the disk, in the cache folder."""
    pickle_bytes_per_second: float = math.inf
    """There and back (dumps, then loads, protocol 5) for one bytes object of 256 KiB."""
    pickle_strings_bytes_per_second: float = math.inf
    """There and back for a list of 10 000 strings of 20 letters."""
    process_start_seconds: float = 0.0
    """Starting ``python -c pass`` and waiting for its end."""
    fork_seconds: float = 0.0
    """Forking a small process that ends at once, and waiting for it."""
    thread_start_seconds: float = 0.0
    """Starting a Python thread that has nothing to do, and joining it."""
    parallel_capacities: Mapping[int, float] = field(default_factory=dict)
    """Work that so many busy processes do together over the work of one in the same time, by their number."""

    def read_seconds(self, n_bytes: float) -> float:
        """Least seconds to read ``n_bytes`` once, had every cache been full of them before."""
        return sum(
            part / self.read_bytes_per_second[holds]
            for holds, part in _held(self.read_bytes_per_second, n_bytes)
        )

    def copy_seconds(self, n_bytes: float) -> float:
        """Least seconds to copy ``n_bytes`` once: source and target take twice the room."""
        return sum(
            part / 2 / self.copy_bytes_per_second[holds]
            for holds, part in _held(self.copy_bytes_per_second, 2 * n_bytes)
        )

    def random_seconds(self, accesses: float, n_bytes: float) -> float:
        """Least seconds for so many dependent accesses all over ``n_bytes``; 0 where the latency is not known."""
        held = _held(self.random_access_seconds, n_bytes)
        return accesses * sum(
            part / n_bytes * self.random_access_seconds[holds] for holds, part in held
        )


def _held(levels: Mapping[int, float], n_bytes: float) -> list[tuple[int, float]]:
    """Which level holds how many of ``n_bytes``, the quickest filled first: no real program has them better placed."""
    parts, before = [], 0.0
    for holds in sorted(levels):
        last = holds == max(levels)
        part = (n_bytes if last else min(holds, n_bytes)) - before
        if part <= 0:
            break
        parts.append((holds, part))
        before += part
    return parts


def is_impossible(seconds: float, bound_seconds: float) -> bool:
    """Whether a time is below its lower bound by more than the limits' own tolerance."""
    return seconds < bound_seconds * (1 - LIMIT_TOLERANCE)


def impossible_message(seconds: float, bound_seconds: float) -> str:
    """Say of such a time what it means: never that somebody won."""
    took, least = units.seconds(seconds), units.seconds(bound_seconds)
    return f"{took} is faster than the lower bound {least}: it cannot have done the work, or the bound is wrong"


Bound: TypeAlias = Callable[..., float]
"""``bound(limits, *arguments) -> seconds``: no variant can be faster than this."""


@dataclass(frozen=True, slots=True)
class Work:
    """What one call has to do at least, whoever does it: where a case stands on the roofline."""

    operations: float
    """Arithmetic operations."""
    n_bytes: float
    """Bytes that must come from memory or go there."""


WorkOf: TypeAlias = Callable[..., Work]
"""``work(*arguments) -> Work``."""


Invariant: TypeAlias = Callable[[Arguments, Answer], "str | None"]
"""``invariant(arguments, answer)``: None, or a sentence that says what is broken."""


Service: TypeAlias = Callable[[], AbstractContextManager[Any]]
"""Starts what the variants talk to; yields a JSON-able handle, passed as the first argument."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """How the gate looks at a case; docs/gate.md."""

    workloads: tuple[str, ...] = ()
    """Names, ascending, small enough for short slices; empty: the workloads that ``run`` measures (S, M and L)."""
    on: Mapping[str, str] = field(default_factory=dict)
    """The workload a single variant is compared on, where the rule (``judge/gate.py``) would pick another."""
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
    work: WorkOf | None = None
    """Operations and bytes of one call, for the roofline; None: the case is about something else."""
    growth: float | None = None
    """Expected exponent of ``n`` in the time of large inputs; a sweep shows the fitted one beside it."""
    growths: Mapping[str, float] = field(default_factory=dict)
    """The same for single variants that grow differently."""
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


def sweep(
    make: Make, *, n: Iterable[int], seed: int = 0, name: str = "{n}"
) -> tuple[Workload, ...]:
    """Make one workload a size.

    Args:
        make: ``make(n, seed) -> tuple`` of positional arguments.
        n: the sizes, ascending.
        seed: the seed of all of them.
        name: a format of ``n`` for the workload's name; what is left of it without ``n`` names the series.
    """
    series = name.replace("{n}", "").strip("-_.") or "n"
    return tuple(
        Workload(name=name.format(n=size), make=make, n=size, seed=seed, series=series)
        for size in n
    )


@dataclass(frozen=True, slots=True)
class Variant:
    """One way of writing a case's function, as the catalogue found it on disk."""

    name: str
    technique: Technique
    rival: bool
    idea: str
    """First line of its docstring."""
