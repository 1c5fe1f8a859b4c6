"""Pairs of floats on all processors: every process gets one block of neighbouring rows."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
from numpy.typing import NDArray

from cases.mandelbrot.pairs import some_rows
from cases.mandelbrot.schedules import WORKERS, pasted, static


def escape_counts(
    left: float, top: float, step: float, rows: int, columns: int, limit: int, *, executor: ProcessPoolExecutor
) -> NDArray[np.int32]:
    """Return how many of the first ``limit`` points of each pixel's orbit come before it leaves |z| <= 2."""
    blocks = static(rows, WORKERS)
    return pasted(rows, columns, blocks, executor.map(partial(some_rows, left, top, step, columns, limit), blocks))
