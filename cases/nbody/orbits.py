"""What the accelerations are for: a swarm moved on in time by the leapfrog, its energy, and who is nearest to whom."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Pull: TypeAlias = Callable[[Floats, Floats, float], Floats]


@dataclass(frozen=True, slots=True)
class Motion:
    """Where everybody is, and how fast."""

    positions: Floats
    velocities: Floats


@dataclass(frozen=True, slots=True)
class Encounter:
    """Two bodies and how far they are apart."""

    distance: float
    one: int
    other: int


def advance(pull: Pull, motion: Motion, masses: Floats, softening: float, *, step: float, steps: int) -> Motion:
    """Kick, drift, kick: of second order, and reversible, so that the energy swings but does not drift."""
    positions, velocities = motion.positions, motion.velocities
    acceleration = pull(positions, masses, softening)
    for _ in range(steps):
        velocities = velocities + 0.5 * step * acceleration
        positions = positions + step * velocities
        acceleration = pull(positions, masses, softening)
        velocities = velocities + 0.5 * step * acceleration
    return Motion(positions, velocities)


def energy(motion: Motion, masses: Floats, softening: float) -> float:
    """Return what the motion and the softened potential of all pairs add up to."""
    moving = float(masses @ (motion.velocities**2).sum(axis=1)) / 2
    places, weights = motion.positions.tolist(), masses.tolist()
    pairs = ((i, j) for i in range(len(weights)) for j in range(i))
    bound = math.fsum(weights[i] * weights[j] / math.hypot(math.dist(places[i], places[j]), softening) for i, j in pairs)
    return moving - bound


def nearest(positions: Floats) -> Encounter:
    """Return the two bodies that are closest to each other; of several pairs as close, the first."""
    places = positions.tolist()
    found = ((math.dist(places[i], places[j]), i, j) for i in range(len(places)) for j in range(i + 1, len(places)))
    return Encounter(*min(found))
