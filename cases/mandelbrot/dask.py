"""The guided blocks as a graph of delayed tasks, on the same processes: what does the scheduler cost?"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor

import numpy as np
from dask.base import compute
from dask.delayed import delayed
from numpy.typing import NDArray

from cases.mandelbrot.pairs import some_rows
from cases.mandelbrot.schedules import WORKERS, guided, pasted


def escape_counts(
    left: float, top: float, step: float, rows: int, columns: int, limit: int, *, executor: ProcessPoolExecutor
) -> NDArray[np.int32]:
    """Return how many of the first ``limit`` points of each pixel's orbit come before it leaves |z| <= 2."""
    blocks = guided(rows, WORKERS)
    # a pool of dask's own would outlive the call, and be started anew in each
    parts = compute(*(delayed(some_rows)(left, top, step, columns, limit, block) for block in blocks), scheduler="processes", pool=executor)
    return pasted(rows, columns, blocks, parts)
