"""Several processes that work at once when told: how much more than one do they get done?"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from harness.lab.limits.probe import Probe, Timed
from harness.model.limited import Figure, Group, Through

if TYPE_CHECKING:
    from harness.lab.limits.levels import Level

Task: TypeAlias = Callable[[int], object]
"""``task(loops)``: what a worker does when told to."""

_ORDER = struct.Struct("!qq")
_SLICE_NS = 8_000_000
"""Waking a process takes some ten microseconds: a slice is long beside that."""
_LEAST_EACH = 8 << 20
"""Bytes that each worker reads at least."""


class Crew:
    """So many forked processes, each waiting for orders; leaving the context ends them."""

    def __init__(self, n: int, tasks: Mapping[str, Task]) -> None:
        self._n = n
        self._tasks = tuple(tasks)
        self._makes = tasks
        self._orders: list[int] = []
        self._answers: list[int] = []
        self._pids: list[int] = []

    def __enter__(self) -> Self:
        for _ in range(self._n):
            self._hire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for descriptor in (*self._orders, *self._answers):
            os.close(descriptor)
        for pid in self._pids:
            os.waitpid(pid, 0)

    def _hire(self) -> None:
        orders, ordering = os.pipe()
        answering, answers = os.pipe()
        pid = os.fork()
        if pid == 0:
            for descriptor in (
                *self._orders,
                *self._answers,
                ordering,
                answering,
            ):  # or the others' pipes would never end
                os.close(descriptor)
            _work(orders, answers, [self._makes[name] for name in self._tasks])
        os.close(orders)
        os.close(answers)
        self._orders.append(ordering)
        self._answers.append(answering)
        self._pids.append(pid)

    def timed(self, task: str, workers: int) -> Timed:
        """Return the timing of ``loops`` of a task by each of so many workers at once, until the last has done."""
        number = self._tasks.index(task)

        def together(loops: int) -> int:
            order = _ORDER.pack(number, loops)
            started = time.perf_counter_ns()
            for descriptor in self._orders[:workers]:
                os.write(descriptor, order)
            for descriptor in self._answers[:workers]:
                if os.read(descriptor, 1) != b".":
                    raise OSError(f"a worker could not do its part ({task})")
            return time.perf_counter_ns() - started

        return together


def _work(orders: int, answers: int, tasks: Sequence[Task]) -> None:
    """Do what is ordered until nobody orders any more; then end this process."""
    try:
        while order := os.read(orders, _ORDER.size):
            number, loops = _ORDER.unpack(order)
            tasks[number](loops)
            os.write(answers, b".")
    finally:
        os._exit(0)


def tasks(kernels: Any | None, levels: Sequence[Level], n: int) -> dict[str, Task]:
    """What a crew of ``n`` can be told to do: interpret Python, and with the kernels compute and read memory."""
    known: dict[str, Task] = {"interpret": _interpret}
    if kernels is not None and n > 1:
        way = kernels.arithmetics()[0]
        known["multiply"] = lambda loops: kernels.multiply_add(way, loops)
        known["read"] = _Reading(kernels, _each(levels, n))
    return known


def _interpret(loops: int) -> None:
    for _ in range(loops):
        sum(range(200))


class _Reading:
    """Reads a working set of its own, made by the first who asks."""

    def __init__(self, kernels: Any, size: int) -> None:
        self._kernels = kernels
        self._size = size
        self._ground: Any = None

    def __call__(self, loops: int) -> None:
        if self._ground is None:
            self._ground = self._kernels.Ground(self._size, _CHUNK)
        self._ground.read(self._kernels.readers()[1], loops)


_CHUNK = 2 << 20


def _each(levels: Sequence[Level], n: int) -> int:
    """Bytes for each of ``n``: together they have memory's working set."""
    share = levels[-1].working_set_bytes // n
    return max(_LEAST_EACH, 1 << (share.bit_length() - 1))


def probes(crew: Crew, kernels: Any | None, levels: Sequence[Level], n: int) -> list[Probe]:
    """Throughput of 1 to ``n`` workers, and what all of them get out of arithmetic and memory."""
    made = [
        Probe(
            "parallel_capacity", Group.PARALLEL, "cores", {"": crew.timed("interpret", workers)}, workers, Through.PYTHON,
            "interpreting Python", workers=workers, slice_ns=_SLICE_NS,
        )
        for workers in counts(n)
    ]  # fmt: skip
    if kernels is not None and n > 1:
        lanes = kernels.lanes(kernels.arithmetics()[0])
        made += [
            Probe(
                "fma_together_per_second", Group.PARALLEL, "1/s", {"": crew.timed("multiply", n)}, n * lanes, workers=n, slice_ns=_SLICE_NS
            ),
            Probe(
                "read_together_bytes_per_second", Group.PARALLEL, "bytes/s", {"": crew.timed("read", n)}, n * _CHUNK,
                where="memory", working_set_bytes=n * _each(levels, n), workers=n, slice_ns=_SLICE_NS,
            ),
        ]  # fmt: skip
    return made


def counts(n: int) -> list[int]:
    """How many workers are tried: all numbers up to four, then doubling, and ``n`` itself."""
    wanted = {1, 2, 3, 4, n, *(1 << power for power in range(3, n.bit_length()))}
    return sorted(count for count in wanted if count <= n)


def in_cores(figures: Sequence[Figure]) -> list[Figure]:
    """Turn throughputs into multiples of the best that one worker was seen to do; nobody has more cores than workers."""
    one = next(
        (
            figure.value
            for figure in figures
            if figure.name == "parallel_capacity" and figure.workers == 1
        ),
        None,
    )
    return [
        _as_cores(figure, one) if figure.name == "parallel_capacity" and one else figure
        for figure in figures
    ]


def _as_cores(figure: Figure, one: float) -> Figure:
    most = float(figure.workers or 1)
    value, typical, low, high = (
        min(most, rate / one) for rate in (figure.value, figure.typical, figure.low, figure.high)
    )
    return replace(figure, value=value, typical=typical, low=low, high=high)
