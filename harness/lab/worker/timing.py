"""The stop-watch: calibrated slices of calls, each call on a fresh equal input made outside the clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.judge.equality import difference
from harness.lab.worker.cpu import busy_ns, descendants, others_cpu_ns, tree_cpu_ns
from harness.lab.worker.instruments import collect, disable, freeze, now
from harness.model.declared import Call, keywords_of, preceded

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.lab.worker.answers import Entry
    from harness.lab.worker.copies import Originals
    from harness.lab.worker.subject import Subject
    from harness.model.declared import Answer, Arguments, Case, Difference

SLICE_NS = 500_000
"""How long one timed slice should take: long for the clock, short for the noise."""
_LEAD_IN_NS = 2_000_000
"""Other processes ran since the last slice: a call shorter than this begins with an untimed one, or it times their caches."""
_WARM_NS = 15_000_000
_LONG_CALL_SECONDS = 0.1
_WARM_CALLS = 30  # CPython specialises its bytecode within these
_MOST_LOOPS = 20_000
_BUSY_SHARE = 0.95
"""Of a call's time, what this thread must have worked or waited for a processor, if it may be stopped in between."""
_OTHERS_SHARE = 0.005
"""Of a call's time, what other threads may have worked, if the variant still counts as one thread."""
_MOST_BATCH_BYTES = 32 << 20


@dataclass(slots=True)
class Stopwatch:
    """Times one variant on one input; keeps the last answer so that it can be checked."""

    subject: Subject
    case: Case
    originals: Originals
    entry: Entry
    loops: int = 1
    slice_ns: int = 0
    """What a slice takes, fresh inputs and all; known after warming up."""
    divisible: bool = False
    """Whether a call may be stopped and go on: it is this thread's alone, and waits for nothing."""
    _last: tuple[Arguments, Answer] | None = None
    _lead_in: bool = False
    _cpu_ns: int = 0
    """CPU time of the whole process tree over the last slice."""
    _ended_ns: int = 0

    def first_call(self) -> int:
        """Time the first call ever: executor start, JIT compilation and lazy imports are inside."""
        arguments = self.originals.fresh()
        others, busy, started = others_cpu_ns(), busy_ns(), now()
        answer = self.subject.call(arguments)
        elapsed = now() - started
        waits = busy_ns() - busy < _BUSY_SHARE * elapsed
        self.divisible = not waits and self._is_alone(others, elapsed)
        self._last = (arguments, answer)
        return elapsed

    def warm_up(self, call_seconds: float | None = None) -> None:
        """Warm, calibrate the loops, then put what is alive out of the collector's sight.

        Args:
            call_seconds: of a call that is not the first, where that is known.  A long one is all the warming it needs: the
                first call has made it many times over.
        """
        if call_seconds is not None and call_seconds >= _LONG_CALL_SECONDS:
            self.slice_ns = round(call_seconds * 1e9)
        else:
            others, started = others_cpu_ns(), now()
            self._calibrate()
            self.divisible &= self.loops == 1 and self._is_alone(others, now() - started)
        collect()
        freeze()
        disable()

    @staticmethod
    def _is_alone(others: int, elapsed: int) -> bool:
        """Whether no other thread and no child process has worked for this variant meanwhile."""
        return others_cpu_ns() - others <= elapsed * _OTHERS_SHARE and not descendants()

    def _calibrate(self) -> None:
        spent = calls = fastest = 0
        while calls < _WARM_CALLS and spent < _WARM_NS:
            elapsed = self._slice(1)
            spent, calls = spent + elapsed, calls + 1
            fastest = min(fastest, elapsed) if fastest else elapsed
        by_time = SLICE_NS // max(1, fastest)
        by_size = _MOST_BATCH_BYTES // max(1, self.originals.n_bytes)
        self.loops = max(1, min(by_time, by_size, _MOST_LOOPS))
        if self.loops > 1:  # one call of a fast function is mostly clock: look again, looped
            elapsed = self._slice(self.loops)
            self.loops = max(1, min(SLICE_NS * self.loops // max(1, elapsed), by_size, _MOST_LOOPS))
        self._lead_in = fastest < _LEAD_IN_NS
        started = now()
        self._slice(self.loops)
        self.slice_ns = now() - started

    def sample(self) -> dict[str, int]:
        """Time one slice; wall and CPU time side by side."""
        elapsed = self._slice(self.loops)
        collect(0)
        return {
            "ns": elapsed,
            "cpu_ns": self._cpu_ns,
            "loops": self.loops,
            "ended_ns": self._ended_ns,
        }

    def check(self) -> Difference | None:
        """Compare the answer of the last timed call with the expected one."""
        assert self._last is not None
        arguments, answer = self._last
        actual = (answer, arguments) if self.case.mutates else answer
        return difference(
            self.case.relation(self.subject.name),
            self.entry.fresh_arguments(),
            self.entry.answer(),
            actual,
        )

    def _slice(self, loops: int) -> int:
        batch = self.originals.batch(loops)
        if self.subject.handle:
            batch = [preceded(self.subject.handle, arguments) for arguments in batch]
        function = self.subject.caller()
        if self._lead_in:
            timed(function, [preceded(self.subject.handle, self.originals.fresh())], None)
        cpu = tree_cpu_ns()
        elapsed, answer = timed(function, batch, self.subject.consume)
        self._ended_ns = now()
        self._cpu_ns = max(0, tree_cpu_ns() - cpu)
        self._last = (_without(len(self.subject.handle), batch[-1]), answer)
        return elapsed


def _without(first: int, arguments: Arguments) -> Arguments:
    if isinstance(arguments, Call):
        return Call(arguments[first:], arguments.keywords)
    return arguments[first:]


def timed(
    function: Callable[..., Any],
    batch: list[Arguments],
    consume: Callable[[Answer], Answer] | None,
    clock: Callable[[], int] = now,
) -> tuple[int, Answer]:
    """Call the function on each input; nothing but the calls (and their consumption) is inside the clock."""
    answer = None
    if batch and isinstance(batch[0], Call):
        return _timed_by_keyword(function, batch, consume, clock)
    if consume is not None:
        started = clock()
        for arguments in batch:
            answer = consume(function(*arguments))
        return clock() - started, answer
    started = clock()
    for arguments in batch:
        answer = function(*arguments)
    return clock() - started, answer


def _timed_by_keyword(
    function: Callable[..., Any],
    batch: list[Arguments],
    consume: Callable[[Answer], Answer] | None,
    clock: Callable[[], int],
) -> tuple[int, Answer]:
    """Time calls with keywords; taking them out of the input is done before."""
    answer = None
    calls = [(tuple(one), keywords_of(one)) for one in batch]
    if consume is not None:
        started = clock()
        for arguments, keywords in calls:
            answer = consume(function(*arguments, **keywords))
        return clock() - started, answer
    started = clock()
    for arguments, keywords in calls:
        answer = function(*arguments, **keywords)
    return clock() - started, answer
