"""The skeleton that ``new`` writes: a small case that verifies and runs as it is, and teaches the contract."""

from __future__ import annotations

from collections.abc import Mapping

_DECLARATION = '''"""How high was the water at its highest, up to each reading?  (Change this line: the question is shown by `list`.)

A case is light to import: the standard library and `harness` only.  docs/cases.md explains every field.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from harness import Case, Limits, exact, sweep

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


def levels(n: int, seed: int) -> tuple[list[int]]:
    """Make ``n`` readings of a wandering level: a tuple of the function's positional arguments.

    The same seed gives equal arguments in every process, another seed gives others: no clock, no set order.
    """
    source = random.Random(seed)
    made, level = [], 0
    for _ in range(n):
        level += source.randint(-1000, 1000)
        made.append(level)
    return (made,)


def nasty() -> Iterator[tuple[list[int]]]:
    """Yield what breaks programs: empty, one, ties, extremes, always up, always down, below zero."""
    yield ([],)
    yield ([-5],)
    yield ([-5, -5, -5],)
    yield ([0, -1, 0, 1, 1, 0],)
    yield (list(range(33)),)
    yield (list(range(33, -33, -1)),)
    yield ([-(2**63), 2**63 - 1, 0],)
    yield ([2**53, 2**53 + 1, 2**53 + 2],)


def examples() -> SearchStrategy[Any]:
    """Return a strategy of argument tuples; hypothesis is imported only when it is asked for."""
    from hypothesis import strategies as st

    return st.tuples(st.lists(st.integers(-3, 3) | st.integers(-(2**63), 2**63 - 1), max_size=12))


def never_falls(arguments: tuple[Any, ...], answer: list[int]) -> str | None:
    """A law that every right answer obeys: None, or the sentence that says what is broken."""
    del arguments
    falls = [i for i in range(1, len(answer)) if answer[i] < answer[i - 1]]
    return f"the high-water mark falls at reading {falls[0]}" if falls else None


def least_seconds(limits: Limits, readings: list[int]) -> float:
    """A true lower bound: the list's pointers, eight bytes each, must be read once.  Leave out what is not certain."""
    return limits.read_seconds(8 * len(readings))


case = Case(
    function="high_water",
    # the order tells the story; the first is the reference that all others are judged by
    variants=("naive", "accumulated", "vectorised"),
    # at least eight sizes, not all powers of two; `default` are those that `run` measures
    workloads=sweep(levels, n=(10, 33, 100, 333, 1000, 3300, 10_000, 33_000, 100_000)),
    default=("100", "3300", "100000"),
    same=exact,
    invariants=(never_falls,),
    bound=least_seconds,
    adversarial=nasty,
    strategy=examples,
)
'''

_NAIVE = '''"""The reference: a loop anyone can check by reading it."""

from __future__ import annotations


def high_water(readings: list[int]) -> list[int]:
    """Return for each reading the highest one up to it."""
    marks: list[int] = []
    for reading in readings:
        if marks and marks[-1] > reading:
            reading = marks[-1]
        marks.append(reading)
    return marks
'''

_ACCUMULATED = '''"""The standard library has a name for it: the loop runs in C, only `max` is still called from there."""

from __future__ import annotations

from itertools import accumulate


def high_water(readings: list[int]) -> list[int]:
    """Return for each reading the highest one up to it."""
    return list(accumulate(readings, max))
'''

_VECTORISED = '''"""One pass over an array; the way in and out of numpy is part of the price."""

from __future__ import annotations

import numpy as np


def high_water(readings: list[int]) -> list[int]:
    """Return for each reading the highest one up to it; readings fit into 64 bits."""
    answer: list[int] = np.maximum.accumulate(np.array(readings, dtype=np.int64)).tolist()
    return answer
'''

_MUTANTS = '''"""Slips a colleague could make.  `verify --mutants` must refuse every one, or the case's own check is too weak."""

from __future__ import annotations

from itertools import accumulate

from .naive import high_water as right


def last_reading_dropped(readings: list[int]) -> list[int]:
    """Off by one: the last reading has no mark."""
    return right(readings[:-1])


def starts_at_zero(readings: list[int]) -> list[int]:
    """The first mark is zero, so levels below it are lost."""
    return list(accumulate(readings, max, initial=0))[1:]


def mark_comes_late(readings: list[int]) -> list[int]:
    """Each mark looks only at the readings before its own."""
    return [*readings[:1], *right(readings)[:-1]]


def rounded(readings: list[int]) -> list[int]:
    """Levels pass through floating point: large ones are no longer whole."""
    return [int(mark) for mark in accumulate(map(float, readings), max)]


def in_place(readings: list[int]) -> list[int]:
    """The answer is written over the input, so the next caller gets another problem."""
    for i in range(1, len(readings)):
        readings[i] = max(readings[i - 1 : i + 1])
    return list(readings)
'''

_STORY = """# {name}

## The question

How high was the water at its highest, up to each reading? A gauge wrote down whole millimetres; we want the running maximum.
(Say here whose problem this is, and why it is slow today.)

## The prediction

Written before measuring, and left as it was: at 100 000 readings numpy is ten times faster than the loop, `itertools.accumulate`
twice; at 100 readings the loop wins, because making an array costs more than the work.

## What we measured

    python -m harness verify {typed} --mutants
    python -m harness run {typed}
    python -m harness store publish {name}

(The last one copies the run into `results/`, the published evidence, and writes the table below.)

<!-- results:begin -->
<!-- results:end -->

## What the profile showed

Where the reference spends its time, and where the best variant spends what is left.

## What we got wrong

The most useful section: which of the predictions were off, and why.

## Exercises

1. Take the readings as a numpy array instead of a list. Which variant gains, and by how much?
2. Write a sixth mutant that `verify --mutants` does not refuse. Then mend `nasty()` or `never_falls` so that it does.
3. Add `high_water` in Cython or Numba, and predict the pay-back before you measure it.
"""


def skeleton(name: str, typed: str) -> Mapping[str, str]:
    """Return the text of each file of a new case, by its path inside the case's folder; ``typed`` is what names the case on a command line."""
    return {
        "__init__.py": _DECLARATION,
        "naive.py": _NAIVE,
        "accumulated.py": _ACCUMULATED,
        "vectorised.py": _VECTORISED,
        "mutants.py": _MUTANTS,
        "README.md": _STORY.format(name=name, typed=typed),
    }
