"""Pairs of floats instead of complex numbers: the squares that the test needs serve the next step as well."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def stays(cx: float, cy: float, limit: int) -> int:
    """Count the points of the orbit before it leaves |z| <= 2."""
    x = y = xx = yy = 0.0
    for count in range(limit):
        product = x * y
        x = xx - yy + cx
        y = product + product + cy
        xx = x * x
        yy = y * y
        if xx + yy > 4.0:
            return count
    return limit


def some_rows(left: float, top: float, step: float, columns: int, limit: int, rows: range) -> NDArray[np.int32]:
    """Count for some rows of a picture: what a worker of a pool does."""
    across = [left + column * step for column in range(columns)]
    counts = [[stays(cx, cy, limit) for cx in across] for cy in (top - row * step for row in rows)]
    return np.array(counts, dtype=np.int32).reshape(len(rows), columns)


def escape_counts(left: float, top: float, step: float, rows: int, columns: int, limit: int) -> NDArray[np.int32]:
    """Return how many of the first ``limit`` points of each pixel's orbit come before it leaves |z| <= 2."""
    return some_rows(left, top, step, columns, limit, range(rows))
