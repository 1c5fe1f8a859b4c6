"""The compiled loop nest with its rows shared out among threads."""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray


@njit(cache=True)
def simulate(grid: NDArray[np.float64], alpha: float, steps: int) -> NDArray[np.float64]:
    """Advance the heat equation on a torus by ``steps`` explicit steps."""
    heat, later = grid.copy(), np.empty_like(grid)
    for _ in range(steps):
        advance(heat, later, alpha)
        heat, later = later, heat
    return heat


# a function of its own: maps that change places inside a parallel loop's function came out wrong, and only sometimes
@njit(cache=True, parallel=True)
def advance(heat: NDArray[np.float64], later: NDArray[np.float64], alpha: float) -> None:
    """Write the map one step later into ``later``."""
    rows, columns = heat.shape
    last = columns - 1
    for i in prange(rows):
        above, row, below, out = heat[i - 1 if i else rows - 1], heat[i], heat[i + 1 if i + 1 < rows else 0], later[i]
        out[0] = row[0] + alpha * (above[0] + below[0] + row[last] + row[1 % columns] - 4.0 * row[0])
        for j in range(1, last):
            out[j] = row[j] + alpha * (above[j] + below[j] + row[j - 1] + row[j + 1] - 4.0 * row[j])
        out[last] = row[last] + alpha * (above[last] + below[last] + row[last - 1] + row[0] - 4.0 * row[last])
