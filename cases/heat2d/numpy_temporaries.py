"""Whole arrays and np.roll: one line, and eight fresh arrays a step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def simulate(grid: NDArray[np.float64], alpha: float, steps: int) -> NDArray[np.float64]:
    """Advance the heat equation on a torus by ``steps`` explicit steps."""
    heat = grid.copy()
    for _ in range(steps):
        around = np.roll(heat, 1, axis=0) + np.roll(heat, -1, axis=0) + np.roll(heat, 1, axis=1) + np.roll(heat, -1, axis=1)
        heat = heat + alpha * (around - 4.0 * heat)
    return heat
