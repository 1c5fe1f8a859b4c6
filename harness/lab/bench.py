"""Measures the variants of a workload: blocks of fresh processes, rounds in random order, until it is precise enough.

A block starts one process per variant, on one hash seed.  A round times one slice of each, one right
after the other, in random order: what slows the machine for a while slows all of them, and the ratios stay.
The processes of a block may serve several workloads, one after another: starting them is dear.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeAlias

from harness.judge.summary import widest_ratio
from harness.lab import outputs
from harness.lab.conditions import Snapshot
from harness.lab.proof import Services, failure, numba_cache, where
from harness.lab.sources import build_seconds
from harness.lab.supervisor import Confines, Ending, Worker, processors
from harness.model.declared import Case, Status, Technique, Variant, Work, Workload
from harness.model.measured import (
    CREW,
    Certificate,
    ColdCall,
    Conditions,
    Key,
    Measured,
    Memory,
    Plan,
    Process,
    Result,
    Sample,
)

if TYPE_CHECKING:
    from harness.lab.catalogue import Found
    from harness.lab.frames import Message

Told: TypeAlias = Callable[[str, float], None]
"""``tell(what, share)``: what is being done, and which share of the budget is spent."""

_MOST_ROUNDS = 60
_FIRST_BLOCK_SECONDS = 1.0
_LEAST_BLOCK_SECONDS = 0.25
_MOST_BLOCK_SECONDS = 1.5
_LEAST_CALL_NS = 5
"""A call of a function costs more than this in any interpreter."""
_SLOW_SHARE = 4
"""A slow variant leaves a block's rounds when it has used this fraction (one in so many) of its time."""


@dataclass(slots=True)
class Lane:
    """What is known of one variant while a workload is measured."""

    variant: Variant
    certificate: Certificate | None
    status: Status = Status.OK
    message: str = ""
    processes: list[Process] = field(default_factory=list)
    memory: Memory | None = None
    cold: ColdCall | None = None
    workers: int | None = None
    """Processors it is confined to; None: all there are."""
    call_seconds: float | None = None
    """What one call took in the pass before the blocks."""

    @property
    def name(self) -> str:
        """The variant's name, with the number of workers where that is the question: ``pool@2``."""
        return (
            self.variant.name
            if self.workers is None
            else f"{self.variant.name}{CREW}{self.workers}"
        )

    def fail(self, said: Message) -> None:
        """Take the variant out: its numbers are not shown any more, its word is."""
        self.status, self.message = Status(said["failed"]), said["message"]


@dataclass(frozen=True, slots=True)
class Task:
    """One workload of one case, ready to be measured."""

    found: Found
    case: Case
    workload: Workload
    plan: Plan
    sheet: Path
    limits: Message
    services: Services

    @property
    def confines(self) -> Confines:
        """What each worker may use."""
        return Confines(self.plan.timeout_seconds, self.plan.memory_bytes)

    def job(self, do: str, variant: str) -> Message:
        """A job about one variant on this workload."""
        return {
            "do": do, "case": where(self.found), "variant": variant, "workload": self.workload.name, "n": self.workload.n,
            "sheet": str(self.sheet), "limits": self.limits, **self.services.job(variant),
        }  # fmt: skip

    def worker(
        self, variant: str, *, hash_seed: int = 0, cold: Path | None = None, on: Sequence[int] = ()
    ) -> Worker:
        """A fresh process; with ``cold``, one whose cache of compiled code is that empty folder; confined to the processors ``on``."""
        environment = numba_cache(self.found) if cold is None else {"NUMBA_CACHE_DIR": str(cold)}
        log = outputs.file_of(self.found.name, variant)
        return Worker(self.confines, hash_seed=hash_seed, environment=environment, on=on, log=log)


@dataclass(frozen=True, slots=True)
class Turn:
    """One variant's part in one block while a workload is measured."""

    lane: Lane
    worker: Worker
    start_ns: int
    first_call_ns: int
    samples: list[Sample]
    impossible: list[str]
    """Slices in which more was called than time allows; empty, unless somebody moved the clock."""


class Block:
    """The processes of one block, one a lane, all on one hash seed; they go on from one workload to the next."""

    def __init__(self, hash_seed: int) -> None:
        self.hash_seed = hash_seed
        self._random = random.Random(hash_seed)
        self._open = ExitStack()
        self._workers: dict[str, Worker] = {}
        self._start_ns: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def worker(self, task: Task, lane: Lane) -> Worker:
        """The lane's process; a new one where there is none, or where the last workload was its end."""
        worker = self._workers.get(lane.name)
        if worker is None or not worker.running:
            worker = self._workers[lane.name] = self._open.enter_context(
                task.worker(lane.name, hash_seed=self.hash_seed, on=self._processors(lane))
            )
            self._start_ns.pop(lane.name, None)
        return worker

    def start_ns(self, lane: Lane, imported_ns: int) -> int:
        """From spawning the lane's process to the variant being imported, which happens once."""
        return self._start_ns.setdefault(
            lane.name, imported_ns - self._workers[lane.name].started_ns
        )

    def _processors(self, lane: Lane) -> Sequence[int]:
        """The processors a lane is confined to, others in each block: one may be busier than the next."""
        return (
            self._random.sample(sorted(os.sched_getaffinity(0)), lane.workers)
            if lane.workers is not None
            else ()
        )


def measure(benches: Sequence[Bench], *, seed: int) -> Iterator[tuple[Bench, Measured]]:
    """Measure all these workloads until each is precise enough or its budget is spent; yield after each block of each.

    Every workload that still needs one gets a block in turn, in random order, from the same processes.
    """
    waiting = [bench for bench in benches if bench.wants_more]
    yield from ((bench, bench.measured(complete=True)) for bench in benches if bench not in waiting)
    while waiting:
        number = max(bench.blocks for bench in waiting)
        order = random.Random(f"{seed} {number}")
        with Block(order.randrange(1, 1 << 32)) as block:
            for bench in order.sample(waiting, len(waiting)):
                bench.measure(block)
                yield bench, bench.measured(complete=not bench.wants_more)
        waiting = [bench for bench in waiting if bench.wants_more]


class Bench:
    """Measures one workload: first ``get_ready``, then block by block."""

    def __init__(
        self,
        task: Task,
        lanes: Sequence[Lane],
        *,
        earlier: Measured | None,
        tell: Told,
        reference: str = "",
    ) -> None:
        """Measure these lanes beside each other; ``reference`` is the lane whose ratios must become precise, if not the case's."""
        self.task = task
        self.lanes = list(lanes)
        self._reference = reference or task.case.reference
        self._tell = tell
        self._bound: float | None = None
        self._work: Work | None = None
        self._conditions: list[Conditions] = []
        self._spent = 0.0
        self._setup = 0.0
        if earlier is not None:
            self._resume(earlier)

    def get_ready(self) -> None:
        """Start what is needed, compute the expected answer, and look once at each variant's first call and memory."""
        self._need_services()
        self._answer_sheet()
        self._passes()

    @property
    def blocks(self) -> int:
        """How many blocks have been measured."""
        return len(self._conditions)

    @property
    def wants_more(self) -> bool:
        """Whether another block would be of use."""
        return bool(self._live()) and not self._done()

    def measure(self, block: Block) -> None:
        """Measure one block."""
        before, started, number = Snapshot.take(), time.monotonic(), self.blocks
        seconds = self._block_seconds()
        turns = self._prepare(block)
        self._setup = time.monotonic() - started
        self._rounds(turns, number, seconds)
        self._conditions.append(
            before.until(Snapshot.take(), workload=self.task.workload.name, block=number)
        )
        for turn in turns:
            if (
                turn.impossible and turn.lane.status is Status.OK
            ):  # where a case knows no lower bound, there is still one for any call
                turn.lane.fail(
                    failure(
                        Status.IMPOSSIBLE_SPEED,
                        f"{turn.impossible[0]}: no call is that short, so somebody moved the clock",
                    )
                )
            if turn.samples and turn.lane.status is Status.OK:
                turn.lane.processes.append(
                    Process(
                        number,
                        block.hash_seed,
                        turn.start_ns,
                        turn.first_call_ns,
                        tuple(turn.samples),
                    )
                )
        self._spent += time.monotonic() - started

    # ------------------------------------------------------------------ before the blocks

    def _need_services(self) -> None:
        for lane in self._live():
            said = self.task.services.job(lane.variant.name)
            if "failed" in said:
                lane.fail(said)

    def _answer_sheet(self) -> None:
        """The expected answer: the reference's, or where that is too slow, the first proven variant's that can."""
        for judge in self._live():
            self._tell(f"the answer, by {judge.variant.name}", self._share())
            with self.task.worker(judge.name) as worker:
                said = _ask(worker, self.task.job("sheet", judge.variant.name))
            if "failed" not in said:
                self._bound = said["bound_seconds"]
                self._work = Work(**said["work"]) if said["work"] else None
                return
            if said["failed"] == Status.TIMEOUT:
                said = failure(
                    Status.SKIPPED,
                    f"one call takes longer than {self.task.plan.timeout_seconds:g} s here; raise --timeout",
                )
            judge.fail(said)

    def _passes(self) -> None:
        """Cold start and memory, each in a process of its own, before the budget's clock starts."""
        waiting = [lane for lane in self._live() if lane.memory is None]
        if not waiting:
            return
        self._tell("memory and first calls", self._share())
        with ExitStack() as stack:
            running: list[tuple[Lane, Worker]] = []
            for lane in sorted(
                waiting, key=lambda lane: lane.variant.technique is not Technique.NUMBA
            ):  # the slow ones first
                if len(running) >= processors():
                    self._take_pass(*running.pop(0))
                running.append((lane, self._pass(lane, stack)))
            for pair in running:
                self._take_pass(*pair)

    def _pass(self, lane: Lane, stack: ExitStack) -> Worker:
        compiled = lane.variant.technique is Technique.NUMBA
        cold = (
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="perflab-")))
            if compiled
            else None
        )
        worker = stack.enter_context(self.task.worker(lane.name, cold=cold))
        worker.send(self.task.job("memory", lane.variant.name))
        return worker

    def _take_pass(self, lane: Lane, worker: Worker) -> None:
        said = _receive(worker)
        worker.kill()
        if "failed" in said:
            lane.fail(said)
            return
        lane.memory = Memory(said["peak_bytes"], said["traced_peak_bytes"], said["blocks"])
        lane.cold = ColdCall(said["imported_ns"] - worker.started_ns, said["first_call_ns"])
        lane.call_seconds = said["call_ns"] / 1e9
        needed = self.task.plan.min_blocks * lane.call_seconds
        if needed > self.task.plan.budget_seconds and lane.name != self._reference:
            message = f"{self.task.plan.min_blocks} calls would take {needed:.0f} s; raise --budget (now {self.task.plan.budget_seconds:g} s)"
            lane.fail(failure(Status.SKIPPED, message))

    # ------------------------------------------------------------------ blocks

    def _prepare(self, block: Block) -> list[Turn]:
        """Bring all processes to this workload at once: imports and compilation may overlap, warming up and timing never do."""
        self._tell(f"block {self.blocks + 1}: {len(self._live())} processes", self._share())
        started = [(lane, block.worker(self.task, lane)) for lane in self._live()]
        for lane, worker in started:
            worker.send(self.task.job("prepare", lane.variant.name))
        said = [(lane, worker, _receive(worker)) for lane, worker in started]
        turns = []
        for lane, worker, answer in said:
            warmed = answer if "failed" in answer else _ask(worker, {"do": "warm"})
            if "failed" in warmed:
                lane.fail(warmed)
            else:
                turns.append(
                    Turn(
                        lane,
                        worker,
                        block.start_ns(lane, answer["imported_ns"]),
                        answer["first_call_ns"],
                        [],
                        [],
                    )
                )
        return turns

    def _rounds(self, turns: list[Turn], number: int, seconds: float) -> None:
        end = time.monotonic() + seconds
        order = random.Random(f"{self.task.plan.seed} {self.task.workload.name} {number}")
        checked = {0 if number == 0 else -1, order.randrange(8)}
        allowed = dict.fromkeys(range(len(turns)), _MOST_ROUNDS)
        for round_ in range(_MOST_ROUNDS):
            playing = [
                index
                for index, turn in enumerate(turns)
                if turn.lane.status is Status.OK and round_ < allowed[index]
            ]
            order.shuffle(playing)
            for index in playing:
                taken = self._sample(turns[index], round_)
                if round_ == 0:
                    allowed[index] = max(1, int(seconds / _SLOW_SHARE / max(taken, 1e-6)))
            if round_ in checked:
                self._check(turns[index] for index in playing)
            self._tell(f"block {number + 1}, round {round_ + 1}", self._share())
            if time.monotonic() > end or len(playing) < 2:
                break
        self._check(turns)

    def _sample(self, turn: Turn, round_: int) -> float:
        """Time one slice; return the wall seconds it took with everything around it."""
        started = time.monotonic()
        said = _ask(turn.worker, {"do": "sample"})
        if "failed" in said:
            turn.lane.fail(
                {
                    **said,
                    "message": f"in round {round_ + 1}, size {self.task.workload.n}: {said['message']}",
                }
            )
        else:
            if said["ns"] < said["loops"] * _LEAST_CALL_NS:
                turn.impossible.append(f"{said['loops']} calls in {said['ns']} ns")
            turn.samples.append(
                Sample(
                    ns=max(1, said["ns"]), loops=said["loops"], cpu_ns=said["cpu_ns"], round=round_
                )
            )
        return time.monotonic() - started

    def _check(self, turns: Sequence[Turn] | Iterator[Turn]) -> None:
        for turn in turns:
            if turn.lane.status is not Status.OK:
                continue
            said = _ask(turn.worker, {"do": "check"})
            if "failed" in said:
                turn.lane.fail(said)
            elif said["difference"] is not None:
                turn.lane.fail(
                    failure(
                        Status.DRIFTED,
                        f"proven equal, but wrong in a timed round ({turn.samples[-1].round + 1}): {said['difference']}",
                    )
                )

    # ------------------------------------------------------------------ state

    def _live(self) -> list[Lane]:
        return [lane for lane in self.lanes if lane.status is Status.OK]

    def _share(self) -> float:
        return min(1.0, self._spent / self.task.plan.budget_seconds)

    def _kept_blocks(self) -> int:
        return sum(not conditions.dropped for conditions in self._conditions)

    def _done(self) -> bool:
        plan = self.task.plan
        if len(self._conditions) >= plan.max_blocks:
            return True
        if self._kept_blocks() < plan.min_blocks:
            return self._spent > 3 * plan.budget_seconds and self._kept_blocks() >= 2
        if self._spent >= plan.budget_seconds:
            return True
        widest = widest_ratio(self.measured(complete=False), self._reference)
        return widest is not None and widest <= plan.precision

    def _block_seconds(self) -> float:
        plan = self.task.plan
        left = plan.budget_seconds - self._spent
        missing = max(1, plan.min_blocks - self._kept_blocks())
        if not self._conditions:
            return max(_LEAST_BLOCK_SECONDS, min(_FIRST_BLOCK_SECONDS, left / missing / 2))
        return max(_LEAST_BLOCK_SECONDS, min(_MOST_BLOCK_SECONDS, left / missing - self._setup))

    def measured(self, *, complete: bool) -> Measured:
        """All that is known of this workload by now."""
        workload = self.task.workload
        return Measured(
            workload.name,
            workload.n,
            workload.seed,
            self._bound,
            complete,
            round(self._spent, 3),
            tuple(map(self._result, self.lanes)),
            tuple(self._conditions),
            workload.series,
            self._work,
        )

    def _result(self, lane: Lane) -> Result:
        key = Key(self.task.found.name, lane.name, self.task.workload.name)
        return Result(
            key, lane.variant.technique, lane.variant.rival, lane.status, lane.message, lane.certificate,
            tuple(lane.processes), lane.memory or Memory(), lane.cold, lane.workers, build_seconds(self.task.found, lane.variant.name),
        )  # fmt: skip

    def _resume(self, earlier: Measured) -> None:
        self._spent = earlier.spent_seconds
        self._conditions = list(earlier.conditions)
        kept = {result.key.variant: result for result in earlier.results}
        for lane in self.lanes:
            result = kept.get(lane.name)
            if result is not None and lane.status is Status.OK:
                lane.status, lane.message = result.status, result.message
                lane.processes = list(result.processes)
                lane.memory = result.memory if result.cold else None
                lane.cold = result.cold


def lanes_for(
    variants: Sequence[Variant], certificates: dict[str, Certificate], workload: str
) -> list[Lane]:
    """One lane per variant; what is not proven on this workload is out before the clock starts."""
    lanes = []
    for variant in variants:
        certificate = certificates[variant.name].on(workload)
        lanes.append(Lane(variant, certificate, certificate.status, certificate.evidence.message))
    return lanes


def _ask(worker: Worker, job: Message) -> Message:
    try:
        return worker.ask(job)
    except Ending as ending:
        return failure(ending.status, ending.message)


def _receive(worker: Worker) -> Message:
    try:
        return worker.receive()
    except Ending as ending:
        return failure(ending.status, ending.message)
