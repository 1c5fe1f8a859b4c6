"""All ordered pairs, one flat array a coordinate; `fastmath` lets the compiler add up in another order, and so in vectors."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, fastmath=True)
def accelerations(positions: NDArray[np.float64], masses: NDArray[np.float64], softening: float) -> NDArray[np.float64]:
    """Return the acceleration of each body, of shape (n, 3)."""
    n, least = len(masses), softening * softening
    xs, ys, zs = positions[:, 0].copy(), positions[:, 1].copy(), positions[:, 2].copy()
    out = np.empty((n, 3))
    for i in range(n):
        x, y, z = xs[i], ys[i], zs[i]
        ax, ay, az = 0.0, 0.0, 0.0
        for j in range(n):
            dx, dy, dz = xs[j] - x, ys[j] - y, zs[j] - z
            squared = dx * dx + dy * dy + dz * dz + least
            pull = masses[j] / (squared * sqrt(squared))
            ax += pull * dx
            ay += pull * dy
            az += pull * dz
        out[i, 0], out[i, 1], out[i, 2] = ax, ay, az
    return out
