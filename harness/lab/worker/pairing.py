"""Two revisions of one variant in one process: slices of half a millisecond in random order, pair by pair."""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING, Any, TypeAlias

from harness.errors import words_of
from harness.judge.comparison.settings import Settings
from harness.judge.comparison.words import NotComparable
from harness.judge.equality import difference
from harness.lab import trees
from harness.lab.worker.control import SLICE_NS, Control
from harness.lab.worker.copies import Originals, pickled
from harness.lab.worker.crossing import Lacking, brought, packed_in, unpacked_in
from harness.lab.worker.detectors import changed
from harness.lab.worker.instruments import (
    collect,
    disable,
    freeze,
    monotonic,
    preemptions,
    process_ns,
)
from harness.lab.worker.subject import found_in, load_subject
from harness.lab.worker.timing import timed
from harness.model.declared import Difference

if TYPE_CHECKING:
    from harness.lab.catalogue import Found
    from harness.lab.trees import Tree
    from harness.lab.worker.subject import Subject
    from harness.model.declared import Answer, Arguments, Case, Workload

Pairs: TypeAlias = list[tuple[int, int]]
_WARM_CALLS = 30  # CPython specialises its bytecode within these
_WARM_NS = 60_000_000
_MOST_LOOPS = 5_000
_MOST_BATCH_BYTES = 8 << 20
_CONTROL_EVERY = 4
_FEWEST_ROUNDS = 12
_LOOK_EVERY = 16
_MOST_PHASE_CALLS = 512
_MOST_PHASE_NS = 30_000_000
_WAITING = 3
"""Beside other work a process gets less of the processor: it may take this many times longer by the clock on the wall."""


@dataclass(frozen=True, slots=True)
class Stint:
    """How long one process measures, in seconds of its processor."""

    least_seconds: float
    most_seconds: float
    error: float
    """Standard error of the median log-ratio that is small enough."""


@dataclass(slots=True)
class Slices:
    """What was timed: nanoseconds of pairs of slices, (base, head)."""

    pairs: Pairs = field(default_factory=list)
    disturbed: list[bool] = field(default_factory=list)
    """Whether the system took the processor away during the pair."""
    control: Pairs = field(default_factory=list)


@dataclass(slots=True)
class Side:
    """One revision's variant, ready to be called."""

    found: Found
    case: Case
    subject: Subject
    originals: Originals | None = None
    """The input, made of this revision's own classes."""

    @property
    def tree(self) -> Tree | None:
        """Whose modules are at hand while it is called."""
        return self.found.tree

    def fresh(self, n: int) -> list[Arguments]:
        """Return ``n`` copies of the input; the tree must be entered."""
        assert self.originals is not None
        return self.originals.batch(n)

    def answer(self) -> Answer:
        """Call once; a case that is asked to mutate its arguments is judged by answer and arguments."""
        with trees.entered(self.tree):
            (arguments,) = self.fresh(1)
            answer = self.subject.call(arguments)
            return (answer, arguments) if self.case.mutates else answer


def load_side(job: dict[str, Any]) -> Side:
    """Import a variant from the revision that ``job`` names, beside whatever else this process holds."""
    found = found_in(job)
    case = found.load()
    with trees.entered(found.tree):
        subject = load_subject(found, case, job)
    return Side(found, case, subject)


def give_input(base: Side, head: Side, workload: str) -> None:
    """Give both sides the head's input, each made of its own classes.

    Raises:
        Lacking: the base has no such classes.
    """
    chosen = next(one for one in head.case.workloads if one.name == workload)
    with trees.entered(head.tree):
        head.originals = Originals.of(chosen.arguments)
        arguments = head.originals.fresh()
    if head.originals.made_anew:
        base.originals = Originals(None, _own_input(base, head, workload))
        return
    try:
        theirs = brought(arguments, head.tree, base.tree)
    except Lacking as error:
        raise Lacking(f"cannot be given the head's input: {error}") from error
    with trees.entered(base.tree):
        base.originals = Originals(pickled(theirs), None)


def _own_input(base: Side, head: Side, workload: str) -> Callable[[], Arguments]:
    """How the base makes an input that no pickle can bring: by its own recipe if that gives the head's, else by the head's."""
    recipes = {
        side.tree: partial(_made_in, side.tree, one)
        for side in (head, base)
        for one in side.case.workloads
        if one.name == workload
    }
    ours = recipes.get(base.tree)
    theirs = recipes[head.tree]
    return theirs if ours is None or changed(theirs(), ours(), _ALIKE) else ours


def _made_in(tree: Tree | None, workload: Workload) -> Arguments:
    with trees.entered(tree):
        return workload.arguments()


def _one_class(expected: type, actual: type) -> bool:
    """Whether two classes are one of two revisions: what cannot be pickled stays what it is."""
    names = [(one.__module__, one.__qualname__) for one in (expected, actual)]
    return names[0] == names[1]


_ALIKE = Settings(same_class=_one_class)


@dataclass(slots=True)
class Contest:
    """Base and head on one input, and the control in two copies."""

    base: Side
    head: Side
    order: random.Random
    loops: int = 1
    spin: int | None = None
    """Self-test only: empty turns planted before each call of the head; the base is wrapped alike, without turns."""
    _calls: tuple[Callable[..., Any], Callable[..., Any]] = field(init=False)
    _controls: tuple[Control, Control] = field(init=False)

    @property
    def sides(self) -> tuple[Side, Side]:
        """Base and head, in this order everywhere."""
        return self.base, self.head

    def warm_up(self) -> None:
        """Call both sides and the control until the interpreter has specialised them, then calibrate the slices."""
        self._calls = (self.base.subject.caller(), self.head.subject.caller())
        if self.spin is not None:
            self._calls = (planted(self._calls[0], 0), planted(self._calls[1], self.spin))
        per_call = max(map(self._warm, self._calls, self.sides))
        assert self.head.originals is not None
        by_size = _MOST_BATCH_BYTES // max(1, self.head.originals.n_bytes)
        self.loops = max(1, min(SLICE_NS // max(1, per_call), by_size, _MOST_LOOPS))
        self._scatter(per_call)
        self._controls = two_controls()
        collect()
        freeze()
        disable()

    def _scatter(self, per_call: int) -> None:
        """Call each side some more times, by chance how many.

        What a variant does in one call of many would else fall on the same call in every process.
        """
        most = min(_MOST_PHASE_CALLS, _MOST_PHASE_NS // max(1, per_call))
        for call, side in zip(self._calls, self.sides, strict=True):
            self._slice(call, side, self.order.randint(0, most))

    def _warm(self, call: Callable[..., Any], side: Side) -> int:
        """Warm one function up; return the nanoseconds of its quickest call."""
        spent, fastest = 0, 1 << 62
        for _ in range(_WARM_CALLS):
            elapsed = self._slice(call, side, 1)
            spent, fastest = spent + elapsed, min(fastest, elapsed)
            if spent > _WARM_NS:
                break
        return fastest

    @staticmethod
    def _slice(call: Callable[..., Any], side: Side, loops: int) -> int:
        with trees.entered(side.tree):
            return timed(call, side.fresh(loops), side.subject.consume)[0]

    def difference(self) -> Difference | None:
        """Compare the two revisions' answers on this very input, by the relation of each: the head may have loosened its own.

        Raises:
            LateImport: the calls do what two revisions cannot do in one process.
        """
        before = threading.active_count()
        answers = self.base.answer(), self.head.answer()
        trees.require_alone()
        if threading.active_count() > before:
            raise trees.LateImport("it leaves threads running")
        found = (self._difference_among(side, answers) for side in self.sides)
        return next(filter(None, found), None)

    def _difference_among(self, judge: Side, answers: tuple[Answer, Answer]) -> Difference | None:
        """Compare by one side's relation, both answers being made of that side's classes."""
        try:
            expected, actual = (
                brought(answer, side.tree, judge.tree)
                for answer, side in zip(answers, self.sides, strict=True)
            )
        except Lacking as error:
            return Difference("type", "", "classes that both revisions have", str(error))
        with trees.entered(judge.tree):
            (arguments,) = judge.fresh(1)
            relation = judge.case.relation(judge.subject.name)
            try:
                return difference(relation, arguments, expected, actual, same_class=_one_class)
            except NotComparable:
                raise
            except Exception as error:  # the other side's object lacks what this side's class has
                return Difference("type", "", "what can be compared", words_of(error))

    def pairs(self, plan: Stint) -> Slices:
        """Time pairs of slices until their median is known well enough."""
        found = Slices()
        started, processed = monotonic(), process_ns()

        def spent() -> float:
            return max((process_ns() - processed) / 1e9, (monotonic() - started) / _WAITING)

        while not self._enough(found.pairs, spent(), plan):
            before = preemptions()
            found.pairs.append(self._pair())
            found.disturbed.append(preemptions() > before)
            if len(found.pairs) % _CONTROL_EVERY == 1:
                found.control.append(in_turn(self._controls, self.order))
            collect(0)
        return found

    @staticmethod
    def _enough(pairs: Pairs, spent: float, plan: Stint) -> bool:
        """Stop by spread and time, never by the ratio itself: that would favour whatever chance shows first."""
        if len(pairs) < _FEWEST_ROUNDS or spent < plan.least_seconds:
            return False
        return spent >= plan.most_seconds or (
            len(pairs) % _LOOK_EVERY == 0 and median_error(pairs) < plan.error
        )

    def _pair(self) -> tuple[int, int]:
        took = [0, 0]
        for side in (0, 1) if self.order.random() < 0.5 else (1, 0):
            took[side] = self._slice(self._calls[side], self.sides[side], self.loops)
        return max(1, took[0]), max(1, took[1])


def median_error(pairs: Pairs) -> float:
    """Standard error of the pairs' median log-ratio, from their quartiles: sqrt(pi / 2) sigma / sqrt(n)."""
    ratios = sorted(math.log(head / base) for base, head in pairs)
    count = len(ratios)
    sigma = (ratios[3 * count // 4] - ratios[count // 4]) / 1.349
    return math.sqrt(math.pi / 2) * sigma / math.sqrt(count)


def contest(job: dict[str, Any]) -> Contest:
    """Load both revisions, in random order, and prepare the contest that ``job`` describes."""
    order = random.Random(job["seed"])
    sides: dict[str, Side] = {}
    for which in order.sample(["base", "head"], 2):
        sides[which] = load_side({**job[which], "variant": job["variant"]})
    give_input(sides["base"], sides["head"], job["workload"])
    trees.share_this_process()
    return Contest(sides["base"], sides["head"], order, spin=job.get("spin"))


def two_controls() -> tuple[Control, Control]:
    """Return two copies of the control whose slices hold equally many calls."""
    first, second = Control(), Control()
    second.set_loops(first.loops)
    return first, second


def in_turn(controls: tuple[Control, Control], order: random.Random) -> tuple[int, int]:
    """Time a slice of each, in random order."""
    if order.random() < 0.5:
        return controls[0].slice(), controls[1].slice()
    second = controls[1].slice()
    return controls[0].slice(), second


def control_pairs(seed: float, seconds: float) -> Pairs:
    """Time the control against itself, in random order, for ``seconds``."""
    order = random.Random(seed)
    controls = two_controls()
    collect()
    freeze()
    disable()
    found: Pairs = []
    end = monotonic() + seconds
    while monotonic() < end or len(found) < _FEWEST_ROUNDS:
        found.append(in_turn(controls, order))
    return found


def planted(function: Callable[..., Any], turns: int) -> Callable[..., Any]:
    """Return the function with some empty turns of a loop before each call: a slowdown of known size."""

    def slowed(*arguments: Any, **keywords: Any) -> Any:
        for _ in repeat(None, turns):  # every turn costs the same
            pass
        return function(*arguments, **keywords)

    return slowed


def same_inputs(job: dict[str, Any]) -> bool:
    """Whether both revisions make equal arguments for all of the job's workloads."""
    base, head = ((found := found_in(job[which]), found.load()) for which in ("base", "head"))
    return all(_same_input(base, head, name) for name in job["workloads"])


def _same_input(base: tuple[Found, Case], head: tuple[Found, Case], workload: str) -> bool:
    packed: list[bytes | None] = []
    made: list[Arguments] = []
    for found, case in (base, head):
        chosen = next((one for one in case.workloads if one.name == workload), None)
        if chosen is None:
            return False
        with trees.entered(found.tree):
            made.append(chosen.arguments())
        packed.append(packed_in(made[-1], found.tree))
    if packed[0] is not None and packed[0] == packed[1]:
        return True
    try:
        theirs = made[1] if packed[1] is None else unpacked_in(packed[1], base[0].tree)
    except Lacking:
        return False
    with trees.entered(base[0].tree):
        return not changed(theirs, made[0], _ALIKE)
