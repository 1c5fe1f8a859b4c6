"""Who gets which rows: the schedules that the pools compare, each a list of ranges, in the order in which they are handed out."""

from __future__ import annotations

import os
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

WORKERS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def static(rows: int, workers: int) -> list[range]:
    """One block of neighbouring rows a worker, alike in height."""
    return [range(rows * worker // workers, rows * (worker + 1) // workers) for worker in range(workers)]


def interleaved(rows: int, workers: int) -> list[range]:
    """Every worker takes each so many-th row, as cards are dealt."""
    return [range(worker, rows, workers) for worker in range(workers)]


def guided(rows: int, workers: int) -> list[range]:
    """Whoever is free takes a worker's share of what is left: large blocks first, single rows at the end (Polychronopoulos and Kuck, 1987)."""
    blocks, first = [], 0
    while first < rows:
        last = first + -((first - rows) // workers)
        blocks.append(range(first, last))
        first = last
    return blocks


def pasted(rows: int, columns: int, blocks: Iterable[range], parts: Iterable[NDArray[np.int32]]) -> NDArray[np.int32]:
    """Put the rows of all blocks in their places."""
    counts = np.empty((rows, columns), dtype=np.int32)
    for block, part in zip(blocks, parts, strict=True):
        counts[block.start : block.stop : block.step] = part
    return counts
