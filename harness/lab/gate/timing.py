"""The time of both revisions of one variant: pairs of short slices, many fresh processes, looks at set points.

Where both revisions can be loaded into one process they take turns in it.  Where they cannot (event loops, pools,
services, processes of their own) two processes play ping-pong on one processor, at the same addresses.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from harness.judge import gate as policy
from harness.judge.gate import Unit
from harness.lab.frames import FIXED_LAYOUT
from harness.lab.gate.changes import Sides, same_declaration
from harness.lab.proof import numba_cache, where
from harness.lab.supervisor import Confines, Ending, Worker, processors
from harness.model.declared import Status, Technique

if TYPE_CHECKING:
    from harness.judge.gate import Judgement
    from harness.lab.frames import Message
    from harness.lab.gate.changes import Revision
    from harness.lab.proof import Services

Told: TypeAlias = Callable[[str], None]
_LEAST_SECONDS = 0.2
_ERROR = 0.001
"""Standard error of one unit that is small enough: below it, what varies from process to process prevails."""
_APART = frozenset(
    {Technique.ASYNCIO, Technique.MULTIPROCESSING, Technique.THREADS, Technique.DASK}
)
_PARALLEL = frozenset({Technique.MULTIPROCESSING, Technique.THREADS, Technique.DASK})
_CONTROL_EVERY = 4
_FEWEST_ROUNDS = 12
_OVERTIME = 1.5
"""The next look is taken if it should end within this many budgets."""


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


@dataclass(slots=True)
class Timed:
    """What the time tier found of one key."""

    judgement: Judgement
    units: list[Unit]
    how: str
    confirmed: bool
    doubted: bool
    """Slower at first, but fresh processes did not repeat it."""
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
            judgement = policy.judge(units, tolerance=self.tolerance)
            spent = time.monotonic() - started
            if judgement.verdict is not None or not self._another(spent, len(units)):
                break
            self.tell(f"{self.match.variant}: undecided after {len(units)} processes, more")
        doubted = confirmed = False
        if judgement.verdict == "slower":
            self.tell(f"{self.match.variant}: slower; confirming with fresh processes")
            fresh = self.units(policy.CONFIRMING)
            confirmed = policy.confirms(fresh, tolerance=self.tolerance)
            doubted = not confirmed
            units += fresh
        return Timed(judgement, units, self.how, confirmed, doubted, time.monotonic() - started)

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
                    found += self._together(min(count - len(found), processors() + 1))
                    continue
                except NotTimed as problem:
                    if problem.side != "both":
                        raise
                    self._go_apart(problem.message)
            found.append(self._ping_pong())
        return found

    def _go_apart(self, why: str) -> None:
        self._apart, self.how = True, f"two processes: {why}"

    def _seed(self) -> int:
        return self.order.randrange(1, 1 << 32)

    def _stint(self) -> Message:
        most = max(_LEAST_SECONDS, min(2.0, self.budget_seconds / policy.LOOKS[-1]))
        return {"least_seconds": min(_LEAST_SECONDS, most), "most_seconds": most, "error": _ERROR}

    # ------------------------------------------------------------------ both in one process

    def _together(self, count: int) -> list[Unit]:
        """Start some processes at once, since imports may overlap; then each measures while the others sleep."""
        found = []
        with ExitStack() as stack:
            workers = []
            for _ in range(count):
                seed = self._seed()
                worker = stack.enter_context(
                    Worker(
                        self.match.confines,
                        hash_seed=seed,
                        environment=numba_cache(self.match.head.found),
                    )
                )
                worker.send({**self.match.job("contest"), "seed": seed})
                workers.append(worker)
            said = [_said(worker) for worker in workers]
            for worker, answer in zip(workers, said, strict=True):
                _require_equal(answer)
                _require_equal(warmed := _asked(worker, {"do": "warm_contest"}))
                taken = _asked(worker, {"do": "pairs", **self._stint()})
                _require_equal(taken)
                found.append(
                    policy.unit_of(taken["pairs"], taken["control"], loops=warmed["loops"])
                )
                worker.kill()
        return found

    # ------------------------------------------------------------------ two processes in turn

    def _ping_pong(self) -> Unit:
        seed = self._seed()
        with ExitStack() as stack:
            sides = [
                stack.enter_context(self._lone(revision, seed))
                for revision in (self.match.base, self.match.head)
            ]
            self._sheet(seed)
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
        return policy.unit_of(pairs, control, loops=loops)

    def _lone(self, revision: Revision, seed: int) -> Worker:
        on = () if self.match.technique in _PARALLEL else (max(os.sched_getaffinity(0)),)
        return Worker(
            self.match.confines,
            hash_seed=seed,
            environment=numba_cache(revision.found),
            flags=[FIXED_LAYOUT],
            on=on,
        )

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
        while len(pairs) < _FEWEST_ROUNDS or time.monotonic() - started < stint["most_seconds"]:
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
        yield policy.unit_of(pairs, (), loops=1)


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
