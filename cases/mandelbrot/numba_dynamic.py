"""The compiled loop on all threads; the rows are cut into single ones, which the threading layer deals out.

Numba promises no more than that.  With OpenMP or its own queue below it, runs of neighbouring rows go to the threads beforehand, so that nothing is
gained where the work is uneven (measured: see the README); a layer that steals work may do better.
"""

from __future__ import annotations

import numpy as np
from numba import parallel_chunksize
from numpy.typing import NDArray

from cases.mandelbrot import numba_static


def escape_counts(left: float, top: float, step: float, rows: int, columns: int, limit: int) -> NDArray[np.int32]:
    """Return how many of the first ``limit`` points of each pixel's orbit come before it leaves |z| <= 2."""
    with parallel_chunksize(1):
        counts: NDArray[np.int32] = numba_static.escape_counts(left, top, step, rows, columns, limit)
    return counts
