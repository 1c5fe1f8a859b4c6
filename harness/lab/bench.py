"""Measures the variants of a workload: blocks of fresh processes, rounds in random order, until it is precise enough.

A block starts one process per variant, on one hash seed, and serves all workloads that still need it: starting processes
is dear.  In its rounds quick variants are timed beside each other many times for each call of a slow one, which has some of
them right before and after it: what slows the machine for a while slows neighbours alike, and the ratios stay.  Later blocks
are for the variants that make an interval too wide, and for a few that tie them to the rest.
"""

from __future__ import annotations

import os
import random
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, TypeAlias

from harness.judge.network import Network
from harness.judge.sampling import Pace, rounds, taking_part, wanted
from harness.judge.summary import network_of, widest_ratio
from harness.lab import passes
from harness.lab.conditions import Snapshot
from harness.lab.lanes import Lane, Task
from harness.lab.proof import failure
from harness.lab.sources import build_seconds
from harness.lab.supervisor import Ending, Worker
from harness.model.declared import Status, Work
from harness.model.measured import (
    Conditions,
    Key,
    Measured,
    Memory,
    Process,
    Result,
    Sample,
)

if TYPE_CHECKING:
    from harness.lab.frames import Message

Told: TypeAlias = Callable[[str, float], None]
"""``tell(what, share)``: what is being done, and which share of the budget is spent."""

_LEAST_BLOCK_SECONDS = 0.25
_MOST_BLOCK_SECONDS = 1.0
"""Of one workload's rounds.  More blocks tell more than longer ones: Student's quantile falls, and processes differ."""
_USUAL_BLOCKS = 6
"""For so many blocks at least a budget should last: 95 % of Student's t is 2.6 then, with three blocks it is 4.3."""
_ASKING_SECONDS = 0.0005
"""What asking for a slice takes beside the slice."""
_LEAST_CALL_NS = 5
"""A call of a function costs more than this in any interpreter."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One variant's part in one block while a workload is measured."""

    lane: Lane
    worker: Worker
    start_ns: int
    first_call_ns: int
    slice_seconds: float
    """Of one slice, fresh inputs and all, as warming up has shown."""
    divisible: bool
    """Whether a slice may be stopped for others'."""
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


@dataclass(slots=True)
class Purse:
    """The seconds of all workloads that share their blocks: what one does not need, the others may spend."""

    seconds: float
    spent: float = 0.0

    @property
    def left(self) -> float:
        """Seconds; 0 when it is empty."""
        return max(0.0, self.seconds - self.spent)

    @property
    def share(self) -> float:
        """Which part is spent."""
        return min(1.0, self.spent / self.seconds)


def measure(benches: Sequence[Bench], *, seed: int) -> Iterator[tuple[Bench, Measured]]:
    """Measure all these workloads until each is precise enough or their budget is spent; yield after each block of each.

    Every workload that still needs one gets a block in turn, in random order, from the same processes.
    """
    waiting = [bench for bench in benches if bench.wants_more]
    yield from ((bench, bench.measured(complete=True)) for bench in benches if bench not in waiting)
    while waiting:
        serving = _behind(waiting) or waiting
        order = random.Random(f"{seed} {max(bench.blocks for bench in serving)}")
        with Block(order.randrange(1, 1 << 32)) as block:
            for bench in order.sample(serving, len(serving)):
                bench.measure(block)
                yield bench, bench.measured(complete=False)
        done = [bench for bench in waiting if not bench.wants_more]
        yield from ((bench, bench.measured(complete=True)) for bench in done)
        waiting = [bench for bench in waiting if bench not in done]


def _behind(waiting: Sequence[Bench]) -> list[Bench]:
    """Those that an interrupted block has not served: they come first, as if nothing had happened."""
    most = max(bench.blocks for bench in waiting)
    return [bench for bench in waiting if bench.blocks == most - 1]


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
        purse: Purse | None = None,
    ) -> None:
        """Measure these lanes beside each other.

        Args:
            task: the workload, and how it is measured.
            lanes: the variants.
            earlier: what was measured of it before; None: nothing.
            tell: is told what happens.
            reference: the lane whose ratios must become precise, if not the case's.
            purse: shared with other workloads; None: one of its own.
        """
        self.task = task
        self.lanes = list(lanes)
        self._reference = reference or task.case.reference
        self._tell = tell
        self.purse = purse or Purse(task.plan.budget_seconds)
        self._bound: float | None = None
        self._work: Work | None = None
        self._conditions: list[Conditions] = []
        self._spent = 0.0
        self._setup = 0.0
        self._network: Network | None = None
        if earlier is not None:
            self._resume(earlier)

    def get_ready(self, ready: Block) -> None:
        """Start what is needed, compute the expected answer in a process of ``ready``, look once at first calls and memory."""
        self._need_services()
        self._answer_sheet(ready)
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
        seconds, wide = self._block_seconds(), self._wide()
        turns = self._prepare(block)
        self._setup = time.monotonic() - started
        self._rounds(turns, number, seconds, wide)
        self._conditions.append(
            before.until(Snapshot.take(), workload=self.task.workload.name, block=number)
        )
        for turn in turns:
            self._keep(turn, number, block.hash_seed)
        self._spend(time.monotonic() - started)

    def _keep(self, turn: Turn, number: int, hash_seed: int) -> None:
        """Add a turn's samples to its lane, if they may be believed."""
        lane = turn.lane
        if turn.impossible and lane.status is Status.OK:
            # where a case knows no lower bound, there is still one for any call
            message = f"{turn.impossible[0]}: no call is that short, so somebody moved the clock"
            lane.fail(failure(Status.IMPOSSIBLE_SPEED, message))
        if turn.samples and lane.status is Status.OK:
            samples = tuple(turn.samples)
            lane.processes.append(
                Process(number, hash_seed, turn.start_ns, turn.first_call_ns, samples)
            )

    def _spend(self, seconds: float) -> None:
        self._spent += seconds
        self.purse.spent += seconds

    # ------------------------------------------------------------------ before the blocks

    def _need_services(self) -> None:
        for lane in self._live():
            said = self.task.services.job(lane.variant.name)
            if "failed" in said:
                lane.fail(said)

    def _answer_sheet(self, ready: Block) -> None:
        """The expected answer: the reference's, or where that is too slow, the first proven variant's that can."""
        for judge in self._live():
            self._tell(f"the answer, by {judge.variant.name}", self._share())
            worker = ready.worker(self.task, judge)
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
        """Cold start and memory, before the budget's clock starts; who is too slow for the budget is out."""
        waiting = [lane for lane in self._live() if lane.memory is None]
        if not waiting:
            return
        self._tell("memory and first calls", self._share())
        passes.look(waiting, self.task, _receive)
        plan = self.task.plan
        for lane in self._live():
            needed = plan.min_blocks * (lane.call_seconds or 0.0)
            if needed > plan.budget_seconds and lane.name != self._reference:
                message = f"{plan.min_blocks} calls would take {needed:.0f} s; raise --budget (now {plan.budget_seconds:g} s)"
                lane.fail(failure(Status.SKIPPED, message))

    # ------------------------------------------------------------------ blocks

    def _playing(self) -> list[Lane]:
        """Who takes part in the next block: at first all, then those that need it and some that tie them to the rest."""
        live = self._live()
        if self._kept_blocks() < self.task.plan.min_blocks:
            return live
        network = self._judged()
        costs = {lane.name: _cost(lane) for lane in live}
        chosen = taking_part(network, costs, self._reference, self.task.plan.precision)
        return [lane for lane in live if lane.name in chosen]

    def _wide(self) -> set[str]:
        """The variants that make an interval too wide, as far as that is known."""
        names = [lane.name for lane in self._live()]
        if self._kept_blocks() < 2 or not names:
            return set()
        network = self._judged()
        first = self._reference if self._reference in names else names[0]
        return wanted(network, names, first, self.task.plan.precision)

    def _prepare(self, block: Block) -> list[Turn]:
        """Bring all processes to this workload at once: imports and compilation may overlap, warming up and timing never do."""
        playing = self._playing()
        self._tell(f"block {self.blocks + 1}: {len(playing)} processes", self._share())
        started = [(lane, block.worker(self.task, lane)) for lane in playing]
        for lane, worker in started:
            worker.send(self.task.job("prepare", lane.variant.name))
        said = [(lane, worker, _receive(worker)) for lane, worker in started]
        turns = []
        for lane, worker, answer in said:
            warmed = answer
            if "failed" not in answer:
                warmed = _ask(worker, {"do": "warm", "call_seconds": lane.call_seconds})
            if "failed" in warmed:
                lane.fail(warmed)
                continue
            start_ns = block.start_ns(lane, answer["imported_ns"])
            seconds = warmed["slice_ns"] / 1e9
            first = answer["first_call_ns"]
            turns.append(Turn(lane, worker, start_ns, first, seconds, warmed["divisible"], [], []))
        return turns

    def _rounds(self, turns: list[Turn], number: int, seconds: float, wide: set[str]) -> None:
        order = random.Random(f"{self.task.plan.seed} {self.task.workload.name} {number}")
        by_name = {turn.lane.name: turn for turn in turns}
        paces = [
            Pace(name, turn.slice_seconds + _ASKING_SECONDS, name in wide, turn.divisible)
            for name, turn in by_name.items()
        ]
        planned = rounds(paces, seconds, order)
        checked = {0 if number == 0 else -1, order.randrange(max(1, len(planned)))}
        for round_, plan in enumerate(planned):
            playing = [by_name[name] for name in plan.playing]
            first = not all(turn.samples for turn in playing)
            if seconds < 0 and not first:
                continue
            started = time.monotonic()
            if plan.divided:
                self._divided(playing[0], playing[1:], round_, plan.seconds, order)
            else:
                for turn in playing:
                    self._sample(turn, round_)
            # the first slice of a slow variant takes the others nothing away
            if not (first and any(turn.slice_seconds > seconds for turn in playing)):
                seconds -= time.monotonic() - started
            if round_ in checked:
                self._check({turn.lane.name: turn for turn in playing}.values())
            self._tell(f"block {number + 1}, round {round_ + 1}", self._share())
        self._check(turns)

    def _divided(
        self, slow: Turn, others: Sequence[Turn], round_: int, seconds: float, order: random.Random
    ) -> None:
        """Time one slice, stopped after each so many seconds for slices of the others: all see the machine in the same state."""
        if slow.lane.status is not Status.OK:
            return
        slow.worker.send({"do": "sample"})
        while not slow.worker.answers_within(seconds):
            with slow.worker.paused():
                for turn in order.sample(others, len(others)):
                    self._sample(turn, round_)
        pauses = slow.worker.pauses
        said = _receive(slow.worker)
        if "failed" not in said:
            began = said["ended_ns"] - said["ns"]
            said["ns"] -= sum(
                max(0, min(end, said["ended_ns"]) - max(start, began)) for start, end in pauses
            )
        self._take(slow, said, round_)

    def _sample(self, turn: Turn, round_: int) -> None:
        """Time one slice."""
        if turn.lane.status is Status.OK:
            self._take(turn, _ask(turn.worker, {"do": "sample"}), round_)

    def _take(self, turn: Turn, said: Message, round_: int) -> None:
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

    def _check(self, turns: Iterable[Turn]) -> None:
        """Compare the last answers with the expected one; nothing is timed meanwhile, so all may do it at once."""
        asked = [turn for turn in turns if turn.lane.status is Status.OK and turn.samples]
        for turn in asked:
            turn.worker.send({"do": "check"})
        for turn in asked:
            said = _receive(turn.worker)
            if "failed" in said:
                turn.lane.fail(said)
            elif said["difference"] is not None:
                message = f"proven equal, but wrong in a timed round ({turn.samples[-1].round + 1}): {said['difference']}"
                turn.lane.fail(failure(Status.DRIFTED, message))

    # ------------------------------------------------------------------ state

    def _live(self) -> list[Lane]:
        return [lane for lane in self.lanes if lane.status is Status.OK]

    def _judged(self) -> Network:
        """What the blocks so far say."""
        self._network = network_of(self.measured(complete=False), self._network)
        return self._network

    def _share(self) -> float:
        return self.purse.share

    def _kept_blocks(self) -> int:
        return sum(not conditions.dropped for conditions in self._conditions)

    def _done(self) -> bool:
        plan, purse = self.task.plan, self.purse
        if plan.max_blocks and self.blocks >= plan.max_blocks:
            return True
        if self._kept_blocks() < plan.min_blocks:
            return purse.spent > 3 * purse.seconds and self._kept_blocks() >= 2
        if purse.left <= self._spent / max(1, self.blocks) / 2:  # as near the budget as blocks go
            return True
        widest = widest_ratio(self.measured(complete=False), self._reference, self._judged())
        return widest is not None and widest <= plan.precision

    def _block_seconds(self) -> float:
        """Seconds for the rounds: so many that the budget lasts for the usual number of blocks, processes and all."""
        each = self.task.plan.budget_seconds / _USUAL_BLOCKS
        setup = self._setup if self._conditions else each / 2
        return max(_LEAST_BLOCK_SECONDS, min(_MOST_BLOCK_SECONDS, each - setup))

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
        self._spend(earlier.spent_seconds)
        self._conditions = list(earlier.conditions)
        kept = {result.key.variant: result for result in earlier.results}
        for lane in self.lanes:
            result = kept.get(lane.name)
            if result is not None and lane.status is Status.OK:
                lane.status, lane.message = result.status, result.message
                lane.processes = list(result.processes)
                lane.memory = result.memory if result.cold else None
                lane.cold = result.cold


def _cost(lane: Lane) -> float:
    """Seconds that one more process of a lane costs, start, first call and warm-up included, as its processes have shown."""
    if not lane.processes:
        return 0.0
    once = statistics.median(one.start_ns + one.first_call_ns for one in lane.processes) / 1e9
    return once + 2 * statistics.median(one.samples[0].seconds for one in lane.processes)


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
