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


@njit(cache=True, parallel=True)
def advance(heat: NDArray[np.float64], later: NDArray[np.float64], alpha: float) -> None:
    """Write the map one step later into ``later``.

    Rows are addressed through both indices: rows unpacked into names of their own inside ``prange`` came out wrong.
    """
    rows, columns = heat.shape
    last = columns - 1
    for i in prange(rows):
        up, down = (i + rows - 1) % rows, (i + 1) % rows
        later[i, 0] = heat[i, 0] + alpha * (heat[up, 0] + heat[down, 0] + heat[i, last] + heat[i, 1 % columns] - 4.0 * heat[i, 0])
        for j in range(1, last):
            later[i, j] = heat[i, j] + alpha * (heat[up, j] + heat[down, j] + heat[i, j - 1] + heat[i, j + 1] - 4.0 * heat[i, j])
        later[i, last] = heat[i, last] + alpha * (heat[up, last] + heat[down, last] + heat[i, last - 1] + heat[i, 0] - 4.0 * heat[i, last])
