"""The time of both revisions of one variant: pairs of short slices, many fresh processes, looks at set points.

Where both revisions can be loaded into one process they take turns in it.  Where they cannot (event loops, pools,
services, processes of their own) two processes play ping-pong on one processor, at the same addresses.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from harness.judge import gate as policy
from harness.judge.gate import Slices, Unit
from harness.lab.frames import FIXED_LAYOUT
from harness.lab.gate.changes import Sides, same_declaration
from harness.lab.proof import numba_cache, where
from harness.lab.supervisor import Confines, Ending, Worker, processors
from harness.model.declared import Status, Technique, Verdict
from harness.model.gated import Metric

if TYPE_CHECKING:
    from harness.judge.gate import Judgement
    from harness.lab.frames import Message
    from harness.lab.gate.changes import Revision
    from harness.lab.proof import Services

T = TypeVar("T")
Told: TypeAlias = Callable[[str], None]
_LEAST_SECONDS = 0.25
_ERROR = 0.001
"""Standard error of one unit that is small enough: below it, what varies from process to process prevails."""
_APART = frozenset(
    {Technique.ASYNCIO, Technique.MULTIPROCESSING, Technique.THREADS, Technique.DASK}
)
_PARALLEL = frozenset({Technique.MULTIPROCESSING, Technique.THREADS, Technique.DASK})
_CONTROL_EVERY = 4
_FEWEST_ROUNDS = 12
_ROUNDS = 100
_SHORT_PAIR_NS = 4_000_000
_WAITING = 3
_OVERTIME = 1.5
"""The next look is taken if it should end within this many budgets."""
_MOST_LANES = 4
_PADDING = (600, 4600)
"""Bytes of an environment variable that moves stack and heap from one pair of processes to the next."""


class NotTimed(Exception):
    """A revision could not be measured: the status word, the message, and which side it was."""

    def __init__(self, said: Message, side: str = "") -> None:
        super().__init__(said["message"])
        self.status = Status(said["failed"])
        self.message = said["message"]
        self.side = side


class Unequal(Exception):
    """The two revisions answered the timed input differently."""


@dataclass(frozen=True, slots=True)
class Match:
    """One variant in two revisions on one workload."""

    base: Revision
    head: Revision
    variant: str
    workload: str
    technique: Technique
    confines: Confines
    services: Services
    scratch: Path
    """A folder for the answer sheet of two processes."""
    spin: int | None = None
    """Self-test only: what is planted into the head."""

    def job(self, do: str) -> Message:
        """A job about both sides."""
        return {
            "do": do,
            "base": {"case": where(self.base.found)},
            "head": {"case": where(self.head.found)},
            "variant": self.variant,
            "workload": self.workload,
            "spin": self.spin,
        }

    def why_apart(self) -> str:
        """Why the two sides cannot share a process as far as their declaration tells; empty: they can."""
        if self.head.case.service_of(self.variant) is not None:
            return "it talks to a service"
        return f"its technique is {self.technique}" if self.technique in _APART else ""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the time tier says of the typical or of the average call."""

    judgement: Judgement
    confirmed: bool = False
    doubted: bool = False
    """Slower at first, but fresh processes did not repeat it."""

    @property
    def verdict(self) -> Verdict:
        """The verdict after confirmation."""
        if self.doubted or self.judgement.verdict is None:
            return Verdict.UNCLEAR
        return self.judgement.verdict


@dataclass(frozen=True, slots=True)
class Timed:
    """What the time tier found of one key."""

    typical: Judged
    average: Judged
    units: list[Unit]
    how: str
    seconds: float


@dataclass(slots=True)
class Timer:
    """Measures one match, unit by unit."""

    match: Match
    tolerance: float
    budget_seconds: float
    tell: Told
    order: random.Random
    how: str = "one process"
    _apart: bool = field(init=False, default=False)
    _thorough: bool = field(init=False, default=False)
    """Only the average is open: that takes many calls, not a median that is known well."""
    _at_work: list[Worker] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        if why := self.match.why_apart():
            self._go_apart(why)

    def run(self) -> Timed:
        """Measure until the evidence decides at a look, or the budget is spent; confirm what is slower.

        Raises:
            NotTimed: one side cannot be measured.
            Unequal: the sides' answers differ.
        """
        started = time.monotonic()
        units: list[Unit] = []
        for look in policy.LOOKS:
            units += self.units(look - len(units))
            typical, average = self._judged(units, Metric.TIME), self._judged(units, Metric.AVERAGE)
            open_ = typical.verdict is None or policy.promising(average, tolerance=self.tolerance)
            spent = time.monotonic() - started
            if not open_ or not self._another(spent, len(units)):
                break
            self._thorough = typical.verdict is not None
            self.tell(f"{self.match.variant}: undecided after {len(units)} processes, more")
        fresh: list[Unit] = []
        if Verdict.SLOWER in (typical.verdict, average.verdict):
            self.tell(f"{self.match.variant}: slower; confirming with fresh processes")
            self._thorough = typical.verdict is not Verdict.SLOWER
            fresh = self.units(policy.CONFIRMING)
        return Timed(
            self._confirmed(typical, fresh, Metric.TIME),
            self._confirmed(average, fresh, Metric.AVERAGE),
            units + fresh,
            self.how,
            time.monotonic() - started,
        )

    def _judged(self, units: Sequence[Unit], metric: Metric) -> Judgement:
        return policy.judge(units, tolerance=self.tolerance, metric=metric)

    def _confirmed(self, said: Judgement, fresh: Sequence[Unit], metric: Metric) -> Judged:
        if said.verdict is not Verdict.SLOWER:
            return Judged(said)
        repeated = policy.confirms(fresh, tolerance=self.tolerance, metric=metric)
        return Judged(said, confirmed=repeated, doubted=not repeated)

    def _another(self, spent: float, units: int) -> bool:
        """Whether to go on to the next look; the second is always taken, or a busy moment would decide nothing."""
        if units < policy.LOOKS[1]:
            return True
        later = [look for look in policy.LOOKS if look > units]
        return bool(later) and spent / units * later[0] < self.budget_seconds * _OVERTIME

    def units(self, count: int) -> list[Unit]:
        """Return ``count`` more units, a few processes being started at a time."""
        found: list[Unit] = []
        while len(found) < count:
            if not self._apart:
                try:
                    found += self._together(count - len(found))
                    continue
                except NotTimed as problem:
                    if problem.side != "both":
                        raise
                    self._go_apart(problem.message)
            found += self._in_turns(count - len(found))
        return found

    def _go_apart(self, why: str) -> None:
        self._apart, self.how = True, f"two processes: {why}"

    def _seed(self) -> int:
        return self.order.randrange(1, 1 << 32)

    def _stint(self) -> Message:
        most = max(_LEAST_SECONDS, min(2.0, self.budget_seconds / policy.LOOKS[-1]))
        if self._thorough:
            return {"least_seconds": 2 * most, "most_seconds": 2 * most, "error": 0.0}
        return {"least_seconds": min(_LEAST_SECONDS, most), "most_seconds": most, "error": _ERROR}

    # ------------------------------------------------------------------ both in one process

    def _together(self, count: int) -> list[Unit]:
        """Measure in some processes at once: their slices differ by what both sides of a pair suffer alike."""
        seeds = [self._seed() for _ in range(count)]
        return self._side_by_side(self._alone, seeds, lanes=min(processors(), _MOST_LANES))

    def _side_by_side(
        self, one: Callable[[T], Unit], those: Sequence[T], *, lanes: int
    ) -> list[Unit]:
        """So many at a time; after an error or an interruption, what is at work is not waited for."""
        with ThreadPoolExecutor(lanes) as pool:
            try:
                return list(pool.map(one, those))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                for worker in list(self._at_work):
                    worker.hasten()
                raise

    def _alone(self, seed: int) -> Unit:
        """Measure one unit: both sides in one fresh process."""
        cache = numba_cache(self.match.head.found)
        with Worker(self.match.confines, hash_seed=seed, environment=cache) as worker:
            self._at_work.append(worker)
            try:
                _require_equal(_asked(worker, {**self.match.job("contest"), "seed": seed}))
                loops = _asked(worker, {"do": "warm_contest"})["loops"]
                taken = _asked(worker, {"do": "pairs", **self._stint()})
            finally:
                self._at_work.remove(worker)
        _require_equal(taken)
        return policy.unit_of(Slices(taken["pairs"], loops, taken["control"], taken["disturbed"]))

    # ------------------------------------------------------------------ two processes in turn

    def _in_turns(self, count: int) -> list[Unit]:
        """Measure in some pairs of processes, each on a processor of its own."""
        plans = [
            (self._seed(), {"PERFLAB_PADDING": "." * self.order.randint(*_PADDING)})
            for _ in range(count)
        ]
        self._sheet(plans[0][0])
        free: SimpleQueue[int] = SimpleQueue()
        for processor in self._processors():
            free.put(processor)

        def one(plan: tuple[int, Mapping[str, str]]) -> Unit:
            processor = free.get()
            try:
                return self._ping_pong(plan, processor)
            finally:
                free.put(processor)

        return self._side_by_side(one, plans, lanes=free.qsize())

    def _processors(self) -> list[int]:
        """Those that pairs may have for themselves; what works on several of them, or talks to a server, needs all."""
        alone = self.match.technique in _PARALLEL or self.match.head.case.service_of(
            self.match.variant
        )
        mine = sorted(os.sched_getaffinity(0), reverse=True)
        return mine[: 1 if alone else min(processors(), _MOST_LANES)]

    def _ping_pong(self, plan: tuple[int, Mapping[str, str]], processor: int) -> Unit:
        seed, padding = plan
        on = () if self.match.technique in _PARALLEL else (processor,)
        with ExitStack() as stack:
            sides = [
                stack.enter_context(
                    Worker(
                        self.match.confines,
                        hash_seed=seed,
                        environment={**numba_cache(revision.found), **padding},
                        flags=[FIXED_LAYOUT],
                        on=on,
                    )
                )
                for revision in (self.match.base, self.match.head)
            ]
            self._at_work += sides
            stack.callback(self._done, sides)
            for worker, revision in zip(sides, (self.match.base, self.match.head), strict=True):
                worker.send(self._job("prepare", revision))
            for worker, side in zip(sides, ("base", "head"), strict=True):
                _said(worker, side)
            loops = min(
                _asked(worker, {"do": "warm"}, side)["loops"]
                for worker, side in zip(sides, ("base", "head"), strict=True)
            )
            for worker in sides:
                _asked(worker, {"do": "loops", "loops": loops})
            pairs, control = self._turns(sides)
            for worker in sides:
                _require_equal(_asked(worker, {"do": "check"}))
        return policy.unit_of(Slices(pairs, loops, control))

    def _done(self, sides: Sequence[Worker]) -> None:
        for worker in sides:
            self._at_work.remove(worker)

    def _job(self, do: str, revision: Revision) -> Message:
        workload = next(
            one for one in self.match.head.case.workloads if one.name == self.match.workload
        )
        return {
            "do": do, "case": where(revision.found), "variant": self.match.variant, "workload": workload.name, "n": workload.n,
            "sheet": str(self.match.scratch / "sheet"), "limits": None, **self.match.services.job(self.match.variant),
        }  # fmt: skip

    def _sheet(self, seed: int) -> None:
        """The head's input and the base's answer to it, made once."""
        if (self.match.scratch / "sheet").exists():
            return
        base, head = self.match.base, self.match.head
        more = {}
        if not same_declaration(Sides(base.found.name, base, head)):
            more = {"inputs": str(self.match.scratch / "inputs")}
            with self._maker(head, seed) as worker:
                _asked(worker, {**self._job("inputs", head), **more}, "head")
        with self._maker(base, seed) as worker:
            _asked(worker, {**self._job("sheet", base), **more}, "base")

    def _maker(self, revision: Revision, seed: int) -> Worker:
        cache = numba_cache(revision.found)
        return Worker(self.match.confines, hash_seed=seed, environment=cache)

    def _turns(
        self, sides: Sequence[Worker]
    ) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        pairs: list[tuple[int, int]] = []
        control: list[tuple[int, int]] = []
        stint, started = self._stint(), time.monotonic()
        while not _enough(pairs, time.monotonic() - started, stint["most_seconds"]):
            pairs.append(self._turn(sides, "sample"))
            if len(pairs) % _CONTROL_EVERY == 0:
                control.append(self._turn(sides, "control"))
        return pairs, control

    def _turn(self, sides: Sequence[Worker], do: str) -> tuple[int, int]:
        took = [0, 0]
        for side in self.order.sample((0, 1), 2):
            took[side] = max(1, _asked(sides[side], {"do": do}, ("base", "head")[side])["ns"])
        return took[0], took[1]


def control_units(
    confines: Confines, *, seconds: float, count: int, order: random.Random
) -> Iterator[Unit]:
    """Identical code against itself, before anything else: can this machine judge times now?"""
    for _ in range(count):
        with Worker(confines, hash_seed=order.randrange(1, 1 << 32)) as worker:
            pairs = worker.ask({"do": "control_pairs", "seed": order.random(), "seconds": seconds})[
                "pairs"
            ]
        yield policy.unit_of(Slices(pairs, loops=1))


def _enough(pairs: Sequence[tuple[int, int]], spent: float, most_seconds: float) -> bool:
    """Whether two processes have taken turns long enough; beside other work short slices get more time, not fewer pairs."""
    if len(pairs) < _FEWEST_ROUNDS or spent < most_seconds:
        return False
    waited = spent >= _WAITING * most_seconds
    return waited or len(pairs) >= _ROUNDS or sum(pairs[0]) > _SHORT_PAIR_NS


def _require_equal(said: Message) -> None:
    if said.get("difference"):
        raise Unequal(said["difference"])


def _said(worker: Worker, side: str = "both") -> Message:
    try:
        said = worker.receive()
    except Ending as ending:
        raise NotTimed({"failed": ending.status, "message": ending.message}, side) from None
    if "failed" in said:
        raise NotTimed(said, side)
    return said


def _asked(worker: Worker, job: Message, side: str = "both") -> Message:
    worker.send(job)
    return _said(worker, side)
