"""Pairs of floats with an eye on cycles: an orbit that is where it was before will never leave (Brent, 1980).

That is exact, not a guess: there are finitely many floats, the next point depends on this one alone, and all points since the
earlier visit were inside.  (0.0 and -0.0 compare equal and lead to points that compare equal.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def stays(cx: float, cy: float, limit: int) -> int:
    """Count the points of the orbit before it leaves |z| <= 2; look back at where it was after 1, 2, 4, 8 ... steps."""
    x = y = xx = yy = seen_x = seen_y = 0.0
    turn = 0
    for count in range(limit):
        product = x * y
        x = xx - yy + cx
        y = product + product + cy
        xx = x * x
        yy = y * y
        if xx + yy > 4.0:
            return count
        if x == seen_x and y == seen_y:
            return limit
        if count == turn:
            turn += turn + 1
            seen_x = x
            seen_y = y
    return limit


def escape_counts(left: float, top: float, step: float, rows: int, columns: int, limit: int) -> NDArray[np.int32]:
    """Return how many of the first ``limit`` points of each pixel's orbit come before it leaves |z| <= 2."""
    across = [left + column * step for column in range(columns)]
    counts = [[stays(cx, cy, limit) for cx in across] for cy in (top - row * step for row in range(rows))]
    return np.array(counts, dtype=np.int32).reshape(rows, columns)
