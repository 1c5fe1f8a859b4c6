"""Each pair once: what pulls one body pulls the other back; flat lists of floats in place of objects."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray


def accelerations(positions: NDArray[np.float64], masses: NDArray[np.float64], softening: float) -> NDArray[np.float64]:
    """Return the acceleration of each body, of shape (n, 3)."""
    xs, ys, zs = positions.T.tolist()
    weights: list[float] = masses.tolist()
    n, least = len(weights), softening * softening
    axs, ays, azs = [0.0] * n, [0.0] * n, [0.0] * n
    for i in range(n):
        x, y, z, mass = xs[i], ys[i], zs[i], weights[i]
        ax, ay, az = axs[i], ays[i], azs[i]
        for j in range(i + 1, n):
            dx, dy, dz = xs[j] - x, ys[j] - y, zs[j] - z
            squared = dx * dx + dy * dy + dz * dz + least
            pull = 1.0 / (squared * sqrt(squared))
            theirs, ours = weights[j] * pull, mass * pull
            ax += theirs * dx
            ay += theirs * dy
            az += theirs * dz
            axs[j] -= ours * dx
            ays[j] -= ours * dy
            azs[j] -= ours * dz
        axs[i], ays[i], azs[i] = ax, ay, az
    return np.array((axs, ays, azs)).T.copy()
