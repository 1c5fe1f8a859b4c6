"""The loop nest in Python, compiled at the first call."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True)
def simulate(grid: NDArray[np.float64], alpha: float, steps: int) -> NDArray[np.float64]:
    """Advance the heat equation on a torus by ``steps`` explicit steps."""
    rows, columns = grid.shape
    heat, later = grid.copy(), np.empty_like(grid)
    for _ in range(steps):
        for i in range(rows):
            above, row, below, out = heat[i - 1 if i else rows - 1], heat[i], heat[i + 1 if i + 1 < rows else 0], later[i]
            out[0] = row[0] + alpha * (above[0] + below[0] + row[columns - 1] + row[1 % columns] - 4.0 * row[0])
            for j in range(1, columns - 1):
                out[j] = row[j] + alpha * (above[j] + below[j] + row[j - 1] + row[j + 1] - 4.0 * row[j])
            last = columns - 1
            out[last] = row[last] + alpha * (above[last] + below[last] + row[last - 1] + row[0] - 4.0 * row[last])
        heat, later = later, heat
    return heat
