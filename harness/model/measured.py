"""What the lab measures: samples by process, conditions, certificates, and the run that holds them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from harness.model.declared import Proof, Status, Technique, Work

CREW = "@"
"""Between a variant's name and its number of workers; no variant's own name may hold it."""


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
    """Samples of one block and one round were taken one right after the other; a variant may have several of them."""

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
    gaps: tuple[str, ...] = ()
    """Workloads on which it raised; on all other inputs it was examined as everybody is, and was right."""

    def on(self, workload: str) -> Certificate:
        """What it says of one workload: a variant that raises at one size keeps the others."""
        if not self.gaps or workload in self.gaps:
            return self
        return replace(
            self,
            verdict=Proof.EQUAL,
            status=Status.OK,
            evidence=replace(self.evidence, finding="", message=""),
        )


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
    workers: int | None = None
    """Processors it was confined to, where that is the question; None: all there are."""
    build_seconds: float | None = None
    """What compiling its extension took, where that was recorded; None: nothing is built."""


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
    series: str | None = None
    """Workloads of one series differ in ``n`` only."""
    work: Work | None = None
    """Operations and bytes of one call, where the case declares them."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a run measures: what was asked on the command line, after defaults."""

    precision: float = 0.02
    """Half-width of the 95 % interval of each ratio at which a workload is done."""
    budget_seconds: float = 20.0
    """Wall seconds of measuring for each workload; those that share their blocks share them."""
    timeout_seconds: float = 30.0
    """For any single step of one variant."""
    memory_bytes: int = 4 << 30
    min_blocks: int = 3
    max_blocks: int = 0
    """Blocks after which a workload ends, precise or not; 0: none, as the command line asks.  Older perflabs had 20."""
    seed: int = 0
    """Of the order of rounds and the hash seeds, not of the inputs."""
    sweep: bool = False
    """All sizes, each variant up to where it becomes too slow; then the workers."""
    monitor: bool = False
    """A monitor looked on, which takes about a hundredth of a processor."""


@dataclass(frozen=True, slots=True)
class Roof:
    """One line of the roofline: no program under it gets above it."""

    label: str
    operations_per_second: float | None = None
    """Of a flat roof."""
    bytes_per_second: float | None = None
    """Of a slope."""
    together: bool = False
    """All cores, not one."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """Which state of the code was measured."""

    commit: str
    changed: bool
    """The working tree differed from that commit: results apart, which are no code."""


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
    growth: Mapping[str, float] = field(default_factory=dict)
    """Expected exponent of n by variant, as the case declares it."""
    crews: tuple[Measured, ...] = ()
    """Of a sweep: one variant each, with 1, 2, ... workers side by side; the results are called ``pool@2``."""
    advice: tuple[str, ...] = ()
    """Of a sweep: what it says in plain words."""
    checkout: Checkout | None = None
    """Of the repository that holds the case; None: there is none, or an older perflab wrote this run."""
    roofs: tuple[Roof, ...] = ()
    """What the machine could do at all when the run ended; none: an older perflab wrote this run."""
