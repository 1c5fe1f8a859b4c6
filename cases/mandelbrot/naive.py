"""One pixel after the other, in Python's own complex numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def stays(c: complex, limit: int) -> int:
    """Count the points of the orbit of 0 under z z + c before it leaves |z| <= 2."""
    z = 0j
    for count in range(limit):
        z = z * z + c
        if z.real * z.real + z.imag * z.imag > 4.0:
            return count
    return limit


def escape_counts(left: float, top: float, step: float, rows: int, columns: int, limit: int) -> NDArray[np.int32]:
    """Return how many of the first ``limit`` points of each pixel's orbit come before it leaves |z| <= 2."""
    counts = [[stays(complex(left + column * step, top - row * step), limit) for column in range(columns)] for row in range(rows)]
    return np.array(counts, dtype=np.int32).reshape(rows, columns)
