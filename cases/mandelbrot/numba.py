"""The pairs of floats, compiled when first called, one pixel after the other, in one thread."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True)
def stays(cx: float, cy: float, limit: int) -> int:
    """Count the points of the orbit before it leaves |z| <= 2; nothing is fused, since `fastmath` is off."""
    x = y = 0.0
    for count in range(limit):
        product = x * y
        x = x * x - y * y + cx
        y = product + product + cy
        if x * x + y * y > 4.0:
            return count
    return limit


@njit(cache=True)
def escape_counts(left: float, top: float, step: float, rows: int, columns: int, limit: int) -> NDArray[np.int32]:
    """Return how many of the first ``limit`` points of each pixel's orbit come before it leaves |z| <= 2."""
    counts = np.empty((rows, columns), dtype=np.int32)
    for row in range(rows):
        for column in range(columns):
            counts[row, column] = stays(left + column * step, top - row * step, limit)
    return counts
