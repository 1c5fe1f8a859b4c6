"""Probes through NumPy, for an installation without compiled kernels: its own overhead is in them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from harness.lab.limits.probe import Probe, Timed
from harness.model.limited import Group, Through

if TYPE_CHECKING:
    from harness.lab.limits.levels import Level

_WORDS = 4096
"""As many as sit in the first cache three times."""


def probes(levels: Sequence[Level]) -> list[Probe]:
    """What NumPy can tell of memory and arithmetic; random access and compiled calls it cannot."""
    return [*_memory(levels), *_arithmetic()]


def _memory(levels: Sequence[Level]) -> Iterator[Probe]:
    import numpy as np

    for level in levels:
        half = level.working_set_bytes // 2
        source = np.arange(half // 8, dtype=np.int64)
        target = np.empty_like(source)
        everything = np.arange(level.working_set_bytes // 8, dtype=np.int64)
        # max() of integers is the quickest pass over memory NumPy has: vector compare, no chain of sums
        for name, amount, action in (
            ("read_bytes_per_second", 2 * half, everything.max),
            ("copy_bytes_per_second", half, partial(np.copyto, target, source)),
        ):
            yield Probe(
                name, Group.MEMORY, "bytes/s", {"": timed(action)}, amount, Through.NUMPY, level.name,
                level.working_set_bytes, level.holds_bytes,
            )  # fmt: skip


def _arithmetic() -> Iterator[Probe]:
    import numpy as np

    words = np.arange(_WORDS, dtype=np.uint64)
    out, numbers = np.empty_like(words), np.linspace(0.0, 1.0, _WORDS)
    for name, amount, action in (
        ("fma_per_second", _WORDS, lambda: np.dot(numbers, numbers)),
        ("float_operations_per_second", _WORDS, lambda: np.dot(numbers, numbers)),
        ("word_operations_per_second", _WORDS, lambda: np.bitwise_xor(words, words, out=out)),
    ):
        yield Probe(name, Group.ARITHMETIC, "1/s", {"": timed(action)}, amount, Through.NUMPY)


def timed(action: Callable[[], object]) -> Timed:
    """Time a Python callable; the loop round it is in the time."""

    def time_it(loops: int) -> int:
        numbers = range(loops)
        started = time.perf_counter_ns()
        for _ in numbers:
            action()
        return time.perf_counter_ns() - started

    return time_it
