"""The vector kernel from a pool of threads: it needs no GIL, and whoever is free takes the next few rows off a stack."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
from extensions.mandelbrot.lanes import count_rows
from numpy.typing import NDArray

from cases.mandelbrot.schedules import WORKERS

BLOCKS = 16
"""Blocks a thread: the last one to finish is late by a sixteenth of a share at most, if rows cost alike."""


def escape_counts(
    left: float, top: float, step: float, rows: int, columns: int, limit: int, *, executor: ThreadPoolExecutor
) -> NDArray[np.int32]:
    """Return how many of the first ``limit`` points of each pixel's orbit come before it leaves |z| <= 2."""
    counts = np.empty((rows, columns), dtype=np.int32)
    height = -(-rows // (BLOCKS * WORKERS)) or 1
    blocks = list(range(0, rows, height))

    def work() -> None:
        """Take blocks as long as there are any: a future for each would cost more than a small block."""
        with suppress(IndexError):
            while True:
                first = blocks.pop()
                count_rows(counts, left, top, step, limit, first, min(first + height, rows))

    for future in [executor.submit(work) for _ in range(WORKERS)]:
        future.result()
    return counts
