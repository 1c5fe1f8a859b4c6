"""The mistakes that fool benchmarks, one detector each.  Each returns a Finding or None."""

from __future__ import annotations

import asyncio
import collections.abc
import inspect
import os
import statistics
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.judge.equality import Strict, show
from harness.lab.worker.cpu import children_cpu_ns
from harness.lab.worker.instruments import monotonic, now, process_ns, replaced, sleep, thread_ns
from harness.lab.worker.subject import Originals
from harness.model.declared import Status, impossible_message, is_impossible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from harness.lab.worker.subject import Subject
    from harness.lab.worker.surroundings import Ledger
    from harness.model.declared import Answer, Arguments, Case, Limits, Workload

CACHED_RATIO = 2.0
"""A repeated input this much faster than a new one was remembered."""
_PAIRS = 9
_FEWEST_PAIRS = 5
_CACHED_LEAST_NS = 10_000
"""A processor learns the branches of a short call: the second sort of the same hundred numbers takes half the time, and remembers nothing."""
_IDLE_SECONDS = 0.04
_LOOKS, _IN_A_ROW = 5, 3
_BUSY_SHARE = 0.5
_LAZY_NAMES = frozenset({"LazyFrame", "Delayed", "Future", "Bag", "DuckDBPyRelation"})


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a variant: the status word, the detector's word, and the sentence."""

    status: Status
    word: str
    message: str


def lazy(answer: Answer) -> Finding | None:
    """A generator, iterator, coroutine or lazy frame is a promise, not an answer."""
    for where, value in _walk(answer, "answer"):
        kind = type(value)
        promised = (
            isinstance(value, (collections.abc.Iterator, collections.abc.Awaitable))
            or kind.__name__ in _LAZY_NAMES
        )
        if promised or isinstance(
            value, (collections.abc.KeysView, collections.abc.ValuesView, collections.abc.ItemsView)
        ):
            return Finding(
                Status.LAZY_RESULT,
                "lazy",
                f"{where} is a {kind.__name__}: work not done yet; return the value, or declare consume=list",
            )
        if inspect.isfunction(value):
            return Finding(Status.LAZY_RESULT, "lazy", f"{where} is a function: work not done yet")
    return None


_unchanged = Strict(signed_zero=True)


def replaced_clock() -> Finding | None:
    """A clock, a switch of the collector or a part of the lab is another function now: whoever does that means to be measured by it."""
    names = replaced()
    if not names:
        return None
    return Finding(
        Status.REPLACED_CLOCK,
        "replaced-clock",
        f"replaced {', '.join(names[:5])}: the lab has its own, and other variants are not to be met by it",
    )


def mutated(given: Arguments, pristine: Arguments) -> Finding | None:
    """The call changed an argument, so the next caller times another problem."""
    for index, (now_, before) in enumerate(zip(given, pristine, strict=True)):
        difference = _unchanged.compare(before, now_)
        if difference is not None:
            return Finding(
                Status.MUTATED_INPUT,
                "mutated",
                f"argument {index} changed: {difference}; work on a copy, or declare mutates=True",
            )
    return None


def aliased(answer: Answer, arguments: Arguments, *, allowed: frozenset[str]) -> Finding | None:
    """The answer shares memory with the input, so changing one changes the other."""
    for where in sorted(aliases(answer, arguments) - allowed):
        return Finding(Status.ALIASED_INPUT, "aliased", f"the answer shares {where}; return a copy")
    return None


def aliases(answer: Answer, arguments: Arguments) -> frozenset[str]:
    """Which mutable parts of the arguments the answer holds on to, by type (``the list in argument 0``)."""
    numpy = sys.modules.get("numpy")
    owned = {
        id(value): f"the {type(value).__name__} in argument {index}"
        for index, argument in enumerate(arguments)
        for _, value in _walk(argument, "")
        if _mutable(value)
    }
    arrays = [
        (index, value)
        for index, argument in enumerate(arguments)
        for _, value in _walk(argument, "")
        if numpy is not None and isinstance(value, numpy.ndarray)
    ]
    found = set()
    for _, value in _walk(answer, ""):
        if id(value) in owned:
            found.add(owned[id(value)])
        if numpy is not None and isinstance(value, numpy.ndarray):
            found |= {
                f"the memory of argument {index}"
                for index, array in arrays
                if numpy.shares_memory(value, array)
            }
        if isinstance(value, memoryview):
            found.add("a memoryview")
    return frozenset(found)


def _mutable(value: object) -> bool:
    return isinstance(
        value,
        (
            list,
            dict,
            set,
            bytearray,
            collections.abc.MutableSequence,
            collections.abc.MutableMapping,
            collections.abc.MutableSet,
        ),
    )


_MOST_WALKED = 20_000


def _walk(value: Any, where: str) -> Iterable[tuple[str, Any]]:
    """Yield ``value`` and what it contains, containers only so deep and so far."""
    waiting, walked, seen = [(where, value)], 0, set()
    while waiting and walked < _MOST_WALKED:
        place, one = waiting.pop()
        walked += 1
        yield place, one
        if id(one) in seen:
            continue
        seen.add(id(one))
        if (
            isinstance(one, (list, tuple, collections.deque))
            and one
            and not isinstance(one[0], (int, float, str, bytes))
        ):
            waiting.extend((f"{place}[{index}]", inner) for index, inner in enumerate(one))
        elif isinstance(one, (list, tuple)):
            waiting.extend(
                (f"{place}[{index}]", inner)
                for index, inner in enumerate(one)
                if not isinstance(inner, (int, float, str, bytes))
            )
        elif isinstance(one, dict):
            waiting.extend((f"{place}[{show(key)}]", inner) for key, inner in one.items())


def drifting(
    subject: Subject,
    case: Case,
    originals: Originals,
    agrees: Callable[[Answer], Any],
    *,
    repeats: int,
    seconds: float,
    alive: Callable[[], None],
) -> tuple[int, Finding | None]:
    """Call again and again on one input: the answer must stay.  Returns how often it was called."""
    end = monotonic() + seconds
    for call in range(1, repeats + 1):
        alive()
        difference = agrees(subject.call(originals.fresh()))
        if difference is not None:
            return call, Finding(
                Status.DRIFTED,
                "drifting",
                f"the answer to one and the same input changed at call {call}: {difference}",
            )
        if monotonic() > end:
            return call, None
    return repeats, None


def cached(
    subject: Subject, workload: Workload, *, seconds: float, alive: Callable[[], None]
) -> Finding | None:
    """Time never-seen inputs against the same inputs again.

    Seeds come from the operating system, so that an answer kept in a file does not help either.
    """
    first = _pairs(subject, workload, seconds=seconds, alive=alive)
    if not _remembered(first):
        return None
    pairs = [
        *first,
        *_pairs(subject, workload, seconds=2 * seconds, alive=alive),
    ]  # a busy machine does not repeat itself
    if not _remembered(pairs):
        return None
    ratio = statistics.median(new / again for new, again in pairs)
    message = f"{ratio:.1f}x faster on a repeated input (workload {workload.name}); drop the cache, or declare stateful=True"
    return Finding(Status.CACHED_RESULT, "cached", message)


def _remembered(pairs: list[tuple[int, int]]) -> bool:
    """Median of the ratios and ratio of the quickest: the one resists a few lucky pairs, the other a busy machine."""
    if not pairs:
        return False
    typical = statistics.median(new / again for new, again in pairs)
    quickest_new, quickest_again = min(new for new, _ in pairs), min(again for _, again in pairs)
    return (
        min(typical, quickest_new / quickest_again) > CACHED_RATIO
        and quickest_new - quickest_again > _CACHED_LEAST_NS
    )


def _pairs(
    subject: Subject, workload: Workload, *, seconds: float, alive: Callable[[], None]
) -> list[tuple[int, int]]:
    """Nanoseconds of the first and of the second call on one input, for several inputs.

    Before each pair a known input is called: a call that came right after making an input, or after telling the lab that we live, would be slow
    for that, and the second look like remembering.
    """
    known = Originals(workload.arguments())
    pairs: list[tuple[int, int]] = []
    end = monotonic() + seconds
    while len(pairs) < _PAIRS and (len(pairs) < _FEWEST_PAIRS or monotonic() < end):
        alive()
        originals = Originals(workload.arguments(int.from_bytes(os.urandom(4), "little")))
        _once(subject, known)
        pairs.append((max(1, _once(subject, originals)), max(1, _once(subject, originals))))
    return pairs


def _once(subject: Subject, originals: Originals) -> int:
    arguments = originals.fresh()
    started = now()
    subject.call(arguments)
    return now() - started


def impossible(
    fastest_seconds: float, arguments: Arguments, case: Case, limits: Limits
) -> Finding | None:
    """No honest variant is faster than the case's bound, or than reading its input once."""
    bound = bound_seconds(case, arguments, limits)
    if bound is None or not is_impossible(fastest_seconds, bound):
        return None
    return Finding(
        Status.IMPOSSIBLE_SPEED, "impossible", impossible_message(fastest_seconds, bound)
    )


def bound_seconds(case: Case, arguments: Arguments, limits: Limits) -> float | None:
    """The case's lower bound, else the time to read the buffers of the input once; None: neither is known."""
    if case.bound is not None:
        return float(case.bound(limits, *arguments))
    size = input_bytes(arguments)
    return limits.read_seconds(size) if case.reads_input and size else None


def input_bytes(arguments: Arguments) -> int:
    """Bytes of the flat buffers among the arguments."""
    total = 0
    for argument in arguments:
        if isinstance(argument, (bytes, bytearray, memoryview)):
            total += len(argument)
        else:
            total += int(getattr(argument, "nbytes", 0))
    return total


def left_running(subject: Subject, ledger: Ledger) -> Finding | None:
    """The function returned, but something of its still works: threads, tasks, processes."""
    loop = subject.loop()
    tasks = (
        [task for task in asyncio.all_tasks(loop) if not task.done()] if loop is not None else []
    )
    if tasks:
        return Finding(
            Status.LEFT_RUNNING,
            "left-running",
            f"{len(tasks)} asyncio task(s) pending after the call: {show(tasks[0].get_name())}",
        )
    busy = [
        thread.name
        for thread in threading.enumerate()
        if thread.ident in ledger.threads and not _idle(thread)
    ]
    if busy:
        return Finding(
            Status.LEFT_RUNNING,
            "left-running",
            f"{len(busy)} thread(s) still at work after the call: {show(busy[0])}",
        )
    if share := _still_used():
        return Finding(
            Status.LEFT_RUNNING,
            "left-running",
            f"the process tree went on using {share:.0%} of a processor after the call had returned",
        )
    return None


_WAITING = (
    "wait",
    "get",
    "acquire",
    "_worker",
    "_recv",
    "recv",
    "poll",
    "select",
    "_wait_for_tstate_lock",
    "_handle_workers",
    "_wait_for_updates",
    "wait_result_broken_or_wakeup",
)


def _idle(thread: threading.Thread) -> bool:
    """A pool's worker that waits for the next item is idle; a sleeping or computing function is not."""
    frame = sys._current_frames().get(thread.ident or 0)
    if frame is None:
        return True
    file = frame.f_code.co_filename
    of_the_library = (
        f"{os.sep}lib{os.sep}python" in file and f"site-packages{os.sep}" not in file
    ) or file.startswith("<frozen")
    return of_the_library and frame.f_code.co_name in _WAITING


def _still_used() -> float:
    """Share of a processor that the tree goes on using while this thread does nothing at all; 0: none to speak of.

    Of other threads and processes three looks in a row must say so: a pool of threads spins for some 30 ms before it sleeps, and on a busy machine it
    gets them late, and there may be two such pools.  This thread itself should only
    sleep, but a signal's handler runs in it; and a virtual machine that loses its processor charges the lost time to whoever ran, be it for microseconds,
    which is mostly this thread.  So it counts only if it is busy at every look.
    """
    seen: list[float] = []
    all_of_it = 0.0
    for _ in range(_LOOKS):
        others, all_of_it = _look()
        seen.append(others)
        if len(seen) >= _IN_A_ROW and min(seen[-_IN_A_ROW:]) > _BUSY_SHARE:
            return others
        if all_of_it <= _BUSY_SHARE:
            return 0.0
    return all_of_it


def _look() -> tuple[float, float]:
    """Shares of a processor used while this thread sleeps: by the others, and by all.

    The clocks are read in such an order that what this thread is charged between two of them is never taken for the others' work.
    """
    wall, own, process, children = now(), thread_ns(), process_ns(), children_cpu_ns()
    sleep(_IDLE_SECONDS)
    children, process, own = children_cpu_ns() - children, process_ns() - process, thread_ns() - own
    wall = max(1, now() - wall)
    return (children + process - own) / wall, (children + process) / wall
