"""The mistakes that fool benchmarks, one detector each.  Each returns a Finding or None."""

from __future__ import annotations

import collections.abc
import os
import statistics
import sys
import threading
import types
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from harness.judge.comparison.settings import Settings
from harness.judge.comparison.walk import first_difference
from harness.judge.comparison.words import NotComparable, show
from harness.lab.worker.copies import Originals
from harness.lab.worker.cpu import children_cpu_ns
from harness.lab.worker.instruments import monotonic, now, process_ns, replaced, sleep, thread_ns
from harness.model.declared import Status, impossible_message, is_impossible, keywords_of

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

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
    for place, value in _walk(answer):
        kind = type(value)  # asked of the type alone: a value may say what it likes of its class
        promised = kind.__name__ in _LAZY_NAMES or hasattr(kind, "__dask_graph__")
        if promised or issubclass(kind, _PROMISES):
            return Finding(
                Status.LAZY_RESULT,
                "lazy",
                f"answer{_said(place)} is a {kind.__name__}: work not done yet; return the value, or declare consume=list",
            )
        if issubclass(kind, types.FunctionType):
            message = f"answer{_said(place)} is a function: work not done yet"
            return Finding(Status.LAZY_RESULT, "lazy", message)
    return None


_PROMISES = (
    collections.abc.Iterator,
    collections.abc.Awaitable,
    collections.abc.KeysView,
    collections.abc.ValuesView,
    collections.abc.ItemsView,
)
_UNCHANGED = Settings(signed_zero=True, watching=True)
REPRODUCED = Settings(watching=True)
"""By which two calls of a recipe make the same arguments."""
_UNCHANGED_BUT_USED_UP = Settings(signed_zero=True, watching=True, positions=False)


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


def mutated(given: Arguments, pristine: Arguments, *, may_use_up: bool = False) -> Finding | None:
    """The call changed an argument, so the next caller times another problem.

    Args:
        given: what the call was given.
        pristine: what it was like before.
        may_use_up: the reference moves on a file, an iterator or a random generator, too.
    """
    found = changed(given, pristine, _UNCHANGED_BUT_USED_UP if may_use_up else _UNCHANGED)
    if not found:
        return None
    return Finding(
        Status.MUTATED_INPUT,
        "mutated",
        f"{found}; work on a copy, or declare mutates=True",
    )


def used_up(given: Arguments, pristine: Arguments) -> bool:
    """Whether a call has moved on what can only be used by moving on: a file, an iterator, a random generator."""
    return bool(changed(given, pristine, _UNCHANGED)) and not changed(
        given, pristine, _UNCHANGED_BUT_USED_UP
    )


def changed(given: Arguments, pristine: Arguments, settings: Settings) -> str:
    """Say which argument differs, and how; empty: none does, as far as can be seen."""
    for name, before, now_ in _paired(pristine, given):
        with suppress(NotComparable):  # of what the walk does not know, nothing is said
            difference = first_difference(settings, before, now_)
            if difference is not None:
                return f"{name} changed: {str(difference).replace('at answer', 'at ', 1)}"
    return ""


def _paired(pristine: Arguments, given: Arguments) -> Iterator[tuple[str, Any, Any]]:
    for index, (before, now_) in enumerate(zip(pristine, given, strict=True)):
        yield f"argument {index}", before, now_
    ours, theirs = keywords_of(pristine), keywords_of(given)
    yield from ((f"argument {name!r}", ours[name], theirs.get(name)) for name in ours)


def aliased(answer: Answer, arguments: Arguments, *, allowed: frozenset[str]) -> Finding | None:
    """The answer shares memory with the input, so changing one changes the other."""
    for where in sorted(aliases(answer, arguments) - allowed):
        return Finding(Status.ALIASED_INPUT, "aliased", f"the answer shares {where}; return a copy")
    return None


def aliases(answer: Answer, arguments: Arguments) -> frozenset[str]:
    """Which mutable parts of the arguments the answer holds on to, by type (``the list in argument 0``)."""
    numpy = sys.modules.get("numpy")
    named = [*enumerate(arguments), *((repr(k), v) for k, v in keywords_of(arguments).items())]
    owned = {
        id(value): f"the {type(value).__name__} in argument {name}"
        for name, argument in named
        for _, value in _walk(argument)
        if _mutable(value)
    }
    arrays = [
        (name, value)
        for name, argument in named
        for _, value in _walk(argument)
        if numpy is not None and issubclass(type(value), numpy.ndarray)
    ]
    found = set()
    for _, value in _walk(answer):
        if id(value) in owned:
            found.add(owned[id(value)])
        if numpy is not None and issubclass(type(value), numpy.ndarray):
            found |= {
                f"the memory of argument {name}"
                for name, array in arrays
                if numpy.shares_memory(value, array)
            }
        if isinstance(value, memoryview):
            found.add("a memoryview")
    return frozenset(found)


def _mutable(value: object) -> bool:
    return issubclass(
        type(value),
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


def _walk(value: Any) -> Iterator[tuple[_Place | None, Any]]:
    """Yield ``value`` and what it contains, containers only so far."""
    waiting: list[tuple[_Place | None, Any]] = [(None, value)]
    walked, seen = 0, set()
    while waiting and walked < _MOST_WALKED:
        place, one = waiting.pop()
        walked += 1
        yield place, one
        if id(one) in seen:
            continue
        seen.add(id(one))
        kind = type(one)
        if issubclass(kind, (list, tuple, collections.deque)):
            waiting.extend(
                (_Place(place, str(index)), inner)
                for index, inner in enumerate(one)
                if type(inner) not in _SIMPLE
            )
        elif issubclass(kind, dict):
            waiting.extend((_Place(place, show(key)), inner) for key, inner in one.items())


_SIMPLE = frozenset({int, float, str, bytes, bool, type(None)})


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a value something is; its text is made only if it is said."""

    outside: _Place | None
    label: str


def _said(place: _Place | None) -> str:
    labels: list[str] = []
    while place is not None:
        labels.append(place.label)
        place = place.outside
    if len(labels) > _MOST_SAID:
        labels[_MOST_SAID // 2 : -_MOST_SAID // 2] = ["..."]
    return "".join(f"[{label}]" for label in reversed(labels))


_MOST_SAID = 20


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
    subject: Subject,
    workload: Workload,
    *,
    seconds: float,
    alive: Callable[[], None],
    may_raise: bool = False,
) -> Finding | None:
    """Time never-seen inputs against the same inputs again.

    Seeds come from the operating system, so that an answer kept in a file does not help either.
    Where the reference raises on some inputs (``may_raise``), such ones are passed over.
    """
    pairs_in = partial(_pairs, subject, workload, alive=alive, may_raise=may_raise)
    first = pairs_in(seconds=seconds)
    if not _remembered(first):
        return None
    pairs = [
        *first,
        *pairs_in(seconds=2 * seconds),
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
    subject: Subject,
    workload: Workload,
    *,
    seconds: float,
    alive: Callable[[], None],
    may_raise: bool,
) -> list[tuple[int, int]]:
    """Nanoseconds of the first and of the second call on one input, for several inputs.

    Before each pair a known input is called: a call that came right after making an input, or after telling the lab that we live, would be slow
    for that, and the second look like remembering.
    """
    known = Originals.of(workload.arguments, key=workload.make)
    pairs: list[tuple[int, int]] = []
    end, left = monotonic() + seconds, 2 * _PAIRS
    while len(pairs) < _PAIRS and (len(pairs) < _FEWEST_PAIRS or monotonic() < end) and left:
        alive()
        left -= 1
        seed = int.from_bytes(os.urandom(4), "little")
        originals = Originals.of(partial(workload.arguments, seed), key=workload.make)
        with suppress(*((Exception,) if may_raise else ())):
            _once(subject, known)
            pairs.append((max(1, _once(subject, originals)), max(1, _once(subject, originals))))
    return pairs if len(pairs) >= _FEWEST_PAIRS else []


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
        return float(case.bound(limits, *arguments, **keywords_of(arguments)))
    size = input_bytes(arguments)
    return limits.read_seconds(size) if case.reads_input and size else None


def input_bytes(arguments: Arguments) -> int:
    """Bytes of the flat buffers among the arguments."""
    total = 0
    for argument in (*arguments, *keywords_of(arguments).values()):
        if isinstance(argument, (bytes, bytearray)):
            total += len(argument)
            continue
        size = getattr(argument, "nbytes", 0) if _is_buffer(argument) else 0
        total += size if isinstance(size, int) else 0
    return total


def _is_buffer(value: object) -> bool:
    """A flat buffer that a call must read: asked of none but the types that have one."""
    numpy = sys.modules.get("numpy")
    kind = type(value)
    return kind is memoryview or (numpy is not None and issubclass(kind, numpy.ndarray))


def _pending_tasks(subject: Subject) -> list[asyncio.Task[Any]]:
    """Tasks in the lab's event loop, if the variant needs one; asyncio is dear to import."""
    loop = subject.loop()
    if loop is None:
        return []
    import asyncio

    return [task for task in asyncio.all_tasks(loop) if not task.done()]


def left_running(subject: Subject, ledger: Ledger) -> Finding | None:
    """The function returned, but something of its still works: threads, tasks, processes."""
    if tasks := _pending_tasks(subject):
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
