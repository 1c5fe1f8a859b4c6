"""Measures the variants of one workload: blocks of fresh processes, rounds in random order, until it is precise enough.

A block starts one process per variant, on one hash seed.  A round times one slice of each, one right
after the other, in random order: what slows the machine for a while slows all of them, and the ratios stay.
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
from typing import TYPE_CHECKING, TypeAlias

from harness.judge.summary import widest_ratio
from harness.lab.conditions import Snapshot
from harness.lab.proof import Services, failure, numba_cache, where
from harness.lab.sources import build_seconds
from harness.lab.supervisor import Confines, Ending, Worker, processors
from harness.model.declared import Case, Status, Technique, Variant, Work, Workload
from harness.model.measured import CREW, Certificate, ColdCall, Conditions, Key, Measured, Memory, Plan, Process, Result, Sample

if TYPE_CHECKING:
    from harness.lab.catalogue import Found
    from harness.lab.frames import Message

Told: TypeAlias = Callable[[str, float], None]
"""``tell(what, share)``: what is being done, and which share of the budget is spent."""

_MOST_ROUNDS = 60
_FIRST_BLOCK_SECONDS = 1.0
_LEAST_BLOCK_SECONDS = 0.25
_MOST_BLOCK_SECONDS = 1.5
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

    @property
    def name(self) -> str:
        """The variant's name, with the number of workers where that is the question: ``pool@2``."""
        return self.variant.name if self.workers is None else f"{self.variant.name}{CREW}{self.workers}"

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

    def worker(self, *, hash_seed: int = 0, cold: Path | None = None, on: Sequence[int] = ()) -> Worker:
        """A fresh process; with ``cold``, one whose cache of compiled code is that empty folder; confined to the processors ``on``."""
        environment = numba_cache(self.found) if cold is None else {"NUMBA_CACHE_DIR": str(cold)}
        return Worker(self.confines, hash_seed=hash_seed, environment=environment, on=on)


@dataclass(frozen=True, slots=True)
class Turn:
    """One variant's part in one block while it is being measured."""

    lane: Lane
    worker: Worker
    start_ns: int
    first_call_ns: int
    samples: list[Sample]


class Bench:
    """Measures one workload; ``measure`` yields after each block, so that nothing measured is lost."""

    def __init__(self, task: Task, lanes: Sequence[Lane], *, earlier: Measured | None, tell: Told, reference: str = "") -> None:
        """Measure these lanes beside each other; ``reference`` is the lane whose ratios must become precise, if not the case's."""
        self._task = task
        self._reference = reference or task.case.reference
        self._lanes = list(lanes)
        self._tell = tell
        self._random = random.Random(f"{task.plan.seed} {task.workload.name}")
        self._bound: float | None = None
        self._work: Work | None = None
        self._conditions: list[Conditions] = []
        self._spent = 0.0
        self._resumed_at = time.monotonic()
        if earlier is not None:
            self._resume(earlier)

    def measure(self) -> Iterator[Measured]:
        """Measure until the ratios are precise enough or the budget is spent; yield after each block."""
        self._need_services()
        self._answer_sheet()
        self._passes()
        self._resumed_at = time.monotonic()  # the budget is for measuring
        setup = 0.0
        while self._live() and not self._done():
            setup = self._block(len(self._conditions), self._block_seconds(setup))
            yield self._measured(complete=False)
        yield self._measured(complete=True)

    # ------------------------------------------------------------------ before the blocks

    def _need_services(self) -> None:
        for lane in self._live():
            said = self._task.services.job(lane.variant.name)
            if "failed" in said:
                lane.fail(said)

    def _answer_sheet(self) -> None:
        """The expected answer: the reference's, or where that is too slow, the first proven variant's that can."""
        for judge in self._live():
            self._tell(f"the answer, by {judge.variant.name}", self._share())
            with self._task.worker() as worker:
                said = _ask(worker, self._task.job("sheet", judge.variant.name))
            if "failed" not in said:
                self._bound = said["bound_seconds"]
                self._work = Work(**said["work"]) if said["work"] else None
                return
            if said["failed"] == Status.TIMEOUT:
                said = failure(Status.SKIPPED, f"one call takes longer than {self._task.plan.timeout_seconds:g} s here; raise --timeout")
            judge.fail(said)

    def _passes(self) -> None:
        """Cold start and memory, each in a process of its own, before the budget's clock starts."""
        waiting = [lane for lane in self._live() if lane.memory is None]
        if not waiting:
            return
        self._tell("memory and first calls", self._share())
        with ExitStack() as stack:
            running: list[tuple[Lane, Worker]] = []
            for lane in sorted(waiting, key=lambda lane: lane.variant.technique is not Technique.NUMBA):  # the slow ones first
                if len(running) >= processors():
                    self._take_pass(*running.pop(0))
                running.append((lane, self._pass(lane, stack)))
            for pair in running:
                self._take_pass(*pair)

    def _pass(self, lane: Lane, stack: ExitStack) -> Worker:
        compiled = lane.variant.technique is Technique.NUMBA
        cold = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="perflab-"))) if compiled else None
        worker = stack.enter_context(self._task.worker(cold=cold))
        worker.send(self._task.job("memory", lane.variant.name))
        return worker

    def _take_pass(self, lane: Lane, worker: Worker) -> None:
        said = _receive(worker)
        worker.kill()
        if "failed" in said:
            lane.fail(said)
            return
        lane.memory = Memory(said["peak_bytes"], said["traced_peak_bytes"], said["blocks"])
        lane.cold = ColdCall(said["imported_ns"] - worker.started_ns, said["first_call_ns"])
        needed = self._task.plan.min_blocks * said["call_ns"] / 1e9
        dispensable = lane.variant.name != self._reference or self._task.plan.sweep
        if needed > self._task.plan.budget_seconds and dispensable:
            message = (
                f"{self._task.plan.min_blocks} calls would take {needed:.0f} s; raise --budget (now {self._task.plan.budget_seconds:g} s)"
            )
            lane.fail(failure(Status.SKIPPED, message))

    # ------------------------------------------------------------------ blocks

    def _block(self, number: int, seconds: float) -> float:
        """Measure one block; return how many seconds its preparation took."""
        before, started = Snapshot.take(), time.monotonic()
        hash_seed = self._random.randrange(1, 1 << 32)
        with ExitStack() as stack:
            turns = self._prepare(stack, hash_seed)
            setup = time.monotonic() - started
            self._rounds(turns, number, seconds)
        conditions = before.until(Snapshot.take(), workload=self._task.workload.name, block=number)
        self._conditions.append(conditions)
        for turn in turns:
            if turn.samples and turn.lane.status is Status.OK:
                turn.lane.processes.append(Process(number, hash_seed, turn.start_ns, turn.first_call_ns, tuple(turn.samples)))
        return setup

    def _prepare(self, stack: ExitStack, hash_seed: int) -> list[Turn]:
        """Start all processes at once: imports and compilation may overlap, warming up and timing never do."""
        self._tell(f"block {len(self._conditions) + 1}: starting {len(self._live())} processes", self._share())
        started = [(lane, stack.enter_context(self._task.worker(hash_seed=hash_seed, on=self._processors(lane)))) for lane in self._live()]
        for lane, worker in started:
            worker.send(self._task.job("prepare", lane.variant.name))
        said = [(lane, worker, _receive(worker)) for lane, worker in started]
        turns = []
        for lane, worker, answer in said:
            warmed = answer if "failed" in answer else _ask(worker, {"do": "warm"})
            if "failed" in warmed:
                lane.fail(warmed)
            else:
                turns.append(Turn(lane, worker, answer["imported_ns"] - worker.started_ns, answer["first_call_ns"], []))
        return turns

    def _processors(self, lane: Lane) -> Sequence[int]:
        """The processors a lane is confined to, others in each block: one may be busier than the next."""
        return self._random.sample(sorted(os.sched_getaffinity(0)), lane.workers) if lane.workers is not None else ()

    def _rounds(self, turns: list[Turn], number: int, seconds: float) -> None:
        end = time.monotonic() + seconds
        checked = {0 if number == 0 else -1, self._random.randrange(8)}
        allowed = dict.fromkeys(range(len(turns)), _MOST_ROUNDS)
        for round_ in range(_MOST_ROUNDS):
            playing = [index for index, turn in enumerate(turns) if turn.lane.status is Status.OK and round_ < allowed[index]]
            self._random.shuffle(playing)
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
            turn.lane.fail(said)
        else:
            turn.samples.append(Sample(ns=max(1, said["ns"]), loops=said["loops"], cpu_ns=said["cpu_ns"], round=round_))
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
                        Status.DRIFTED, f"proven equal, but wrong in a timed round ({turn.samples[-1].round + 1}): {said['difference']}"
                    )
                )

    # ------------------------------------------------------------------ state

    def _live(self) -> list[Lane]:
        return [lane for lane in self._lanes if lane.status is Status.OK]

    def _elapsed(self) -> float:
        return self._spent + time.monotonic() - self._resumed_at

    def _share(self) -> float:
        return min(1.0, self._elapsed() / self._task.plan.budget_seconds)

    def _kept_blocks(self) -> int:
        return sum(not conditions.dropped for conditions in self._conditions)

    def _done(self) -> bool:
        plan = self._task.plan
        if len(self._conditions) >= plan.max_blocks:
            return True
        if self._kept_blocks() < plan.min_blocks:
            return self._elapsed() > 3 * plan.budget_seconds and self._kept_blocks() >= 2
        if self._elapsed() >= plan.budget_seconds:
            return True
        widest = widest_ratio(self._measured(complete=False), self._reference)
        return widest is not None and widest <= plan.precision

    def _block_seconds(self, setup: float) -> float:
        plan = self._task.plan
        left = plan.budget_seconds - self._elapsed()
        missing = max(1, plan.min_blocks - self._kept_blocks())
        if not self._conditions:
            return max(_LEAST_BLOCK_SECONDS, min(_FIRST_BLOCK_SECONDS, left / missing / 2))
        return max(_LEAST_BLOCK_SECONDS, min(_MOST_BLOCK_SECONDS, left / missing - setup))

    def _measured(self, *, complete: bool) -> Measured:
        workload = self._task.workload
        return Measured(
            workload.name,
            workload.n,
            workload.seed,
            self._bound,
            complete,
            round(self._elapsed(), 3),
            tuple(map(self._result, self._lanes)),
            tuple(self._conditions),
            workload.series,
            self._work,
        )

    def _result(self, lane: Lane) -> Result:
        key = Key(self._task.found.name, lane.name, self._task.workload.name)
        return Result(
            key, lane.variant.technique, lane.variant.rival, lane.status, lane.message, lane.certificate,
            tuple(lane.processes), lane.memory or Memory(), lane.cold, lane.workers, build_seconds(self._task.found, lane.variant.name),
        )  # fmt: skip

    def _resume(self, earlier: Measured) -> None:
        self._spent = earlier.spent_seconds
        self._conditions = list(earlier.conditions)
        kept = {result.key.variant: result for result in earlier.results}
        for lane in self._lanes:
            result = kept.get(lane.name)
            if result is not None and lane.status is Status.OK:
                lane.status, lane.message = result.status, result.message
                lane.processes = list(result.processes)
                lane.memory = result.memory if result.cold else None
                lane.cold = result.cold
        for _ in self._conditions:  # the same random numbers come next as in an uncut run
            self._random.randrange(1, 1 << 32)


def lanes_for(variants: Sequence[Variant], certificates: dict[str, Certificate]) -> list[Lane]:
    """One lane per variant; what is not proven is out before the clock starts."""
    lanes = []
    for variant in variants:
        certificate = certificates[variant.name]
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
