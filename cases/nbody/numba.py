"""Each pair once, compiled at the first call; sums in the order that is written."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True)
def accelerations(positions: NDArray[np.float64], masses: NDArray[np.float64], softening: float) -> NDArray[np.float64]:
    """Return the acceleration of each body, of shape (n, 3)."""
    n, least = len(masses), softening * softening
    out = np.zeros((n, 3))
    for i in range(n):
        x, y, z, mass = positions[i, 0], positions[i, 1], positions[i, 2], masses[i]
        ax, ay, az = 0.0, 0.0, 0.0
        for j in range(i + 1, n):
            dx, dy, dz = positions[j, 0] - x, positions[j, 1] - y, positions[j, 2] - z
            squared = dx * dx + dy * dy + dz * dz + least
            pull = 1.0 / (squared * sqrt(squared))
            theirs, ours = masses[j] * pull, mass * pull
            ax += theirs * dx
            ay += theirs * dy
            az += theirs * dz
            out[j, 0] -= ours * dx
            out[j, 1] -= ours * dy
            out[j, 2] -= ours * dz
        out[i, 0] += ax
        out[i, 1] += ay
        out[i, 2] += az
    return out
