"""A class for a body, and every body feels every other."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


class Body:
    """A point with a mass; what pulls at it adds up."""

    def __init__(self, x: float, y: float, z: float, mass: float) -> None:
        self.x = x
        self.y = y
        self.z = z
        self.mass = mass
        self.ax = 0.0
        self.ay = 0.0
        self.az = 0.0

    def feel(self, other: Body, softening: float) -> None:
        """Add the pull of another body."""
        dx = other.x - self.x
        dy = other.y - self.y
        dz = other.z - self.z
        squared = dx * dx + dy * dy + dz * dz + softening * softening
        pull = other.mass / (squared * math.sqrt(squared))
        self.ax += pull * dx
        self.ay += pull * dy
        self.az += pull * dz


def accelerations(positions: NDArray[np.float64], masses: NDArray[np.float64], softening: float) -> NDArray[np.float64]:
    """Return the acceleration of each body, of shape (n, 3) as the positions; G is 1.

    ``a_i = sum over j of m_j d / (|d|^2 + softening^2)^(3/2)`` with ``d = r_j - r_i``.  The softening is above 0 (Plummer's
    sphere for a point), so that bodies may be in one place; masses are not negative, and a massless body is pulled as any other.
    """
    bodies = [Body(*place, mass) for place, mass in zip(positions.tolist(), masses.tolist(), strict=True)]
    for body in bodies:
        for other in bodies:
            if other is not body:
                body.feel(other, softening)
    return np.array([(body.ax, body.ay, body.az) for body in bodies]).reshape(positions.shape)
