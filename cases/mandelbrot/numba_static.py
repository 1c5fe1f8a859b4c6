"""The compiled loop on all threads; each gets its share of the rows beforehand, in one block: Numba's own schedule."""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from cases.mandelbrot.numba import stays


@njit(cache=True, parallel=True)
def escape_counts(left: float, top: float, step: float, rows: int, columns: int, limit: int) -> NDArray[np.int32]:
    """Return how many of the first ``limit`` points of each pixel's orbit come before it leaves |z| <= 2."""
    counts = np.empty((rows, columns), dtype=np.int32)
    for row in prange(rows):
        for column in range(columns):
            counts[row, column] = stays(left + column * step, top - row * step, limit)
    return counts
