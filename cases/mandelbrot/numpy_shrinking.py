"""Only who is still inside steps on: the arrays shrink as orbits leave, a few rows at a time so that they stay in the cache."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PIXELS = 8192
"""Four arrays of doubles of that length and their temporaries fit into a second-level cache."""


def escape_counts(left: float, top: float, step: float, rows: int, columns: int, limit: int) -> NDArray[np.int32]:
    """Return how many of the first ``limit`` points of each pixel's orbit come before it leaves |z| <= 2."""
    counts = np.full((rows, columns), limit, dtype=np.int32)
    height = max(1, PIXELS // max(1, columns))
    across = left + np.arange(columns) * step
    for first in range(0, rows, height):
        band = counts[first : first + height]
        down = top - np.arange(first, first + len(band)) * step
        shrink(np.tile(across, len(band)), np.repeat(down, columns), limit, band.reshape(-1))
    return counts


def shrink(cx: NDArray[np.float64], cy: NDArray[np.float64], limit: int, counts: NDArray[np.int32]) -> None:
    """Write when each pixel's orbit leaves, if it does before the limit."""
    x, y, where = np.zeros_like(cx), np.zeros_like(cy), np.arange(len(cx))
    for count in range(limit):
        product = x * y
        x = x * x - y * y + cx
        y = product + product + cy
        inside = x * x + y * y <= 4.0
        if not inside.all():
            counts[where[~inside]] = count
            x, y, cx, cy, where = x[inside], y[inside], cx[inside], cy[inside], where[inside]
            if not len(where):
                return
