"""Lists of lists, the formula as it stands in the book."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def simulate(grid: NDArray[np.float64], alpha: float, steps: int) -> NDArray[np.float64]:
    """Advance the heat equation: each cell moves by ``alpha`` times the differences to its four neighbours; edges wrap."""
    rows, columns = grid.shape
    heat = grid.tolist()
    for _ in range(steps):
        heat = [
            [
                heat[i][j]
                + alpha
                * (
                    heat[(i - 1) % rows][j]
                    + heat[(i + 1) % rows][j]
                    + heat[i][(j - 1) % columns]
                    + heat[i][(j + 1) % columns]
                    - 4.0 * heat[i][j]
                )
                for j in range(columns)
            ]
            for i in range(rows)
        ]
    return np.array(heat)
