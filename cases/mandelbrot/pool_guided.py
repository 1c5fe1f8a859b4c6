"""Pairs of floats on all processors: large blocks first, smaller and smaller ones for whoever is free."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
from numpy.typing import NDArray

from cases.mandelbrot.pairs import some_rows
from cases.mandelbrot.schedules import WORKERS, guided, pasted


def escape_counts(
    left: float, top: float, step: float, rows: int, columns: int, limit: int, *, executor: ProcessPoolExecutor
) -> NDArray[np.int32]:
    """Return how many of the first ``limit`` points of each pixel's orbit come before it leaves |z| <= 2."""
    blocks = guided(rows, WORKERS)
    return pasted(rows, columns, blocks, executor.map(partial(some_rows, left, top, step, columns, limit), blocks))
