"""Slips a colleague could make.  Every one of them must be refused."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cases.nbody import tree
from cases.nbody.naive import accelerations as right
from cases.nbody.numpy_tiled import pulled, tiles

Floats = NDArray[np.float64]


def _pulled(positions: Floats, pulls: Floats) -> Floats:
    apart = positions[np.newaxis, :, :] - positions[:, np.newaxis, :]
    return np.einsum("ij,ijk->ik", pulls, apart)


def _squares(positions: Floats) -> Floats:
    apart = positions[np.newaxis, :, :] - positions[:, np.newaxis, :]
    return np.einsum("ijk,ijk->ij", apart, apart)


def softening_not_squared(positions: Floats, masses: Floats, softening: float) -> Floats:
    """The softening is added to the square as it is."""
    return _pulled(positions, masses / (_squares(positions) + softening) ** 1.5)


def softening_outside_the_root(positions: Floats, masses: Floats, softening: float) -> Floats:
    """The softening is added to the distance."""
    return _pulled(positions, masses / (np.sqrt(_squares(positions)) + softening) ** 3)


def inverse_square_of_the_vector(positions: Floats, masses: Floats, softening: float) -> Floats:
    """The difference was not made a unit vector: the pull falls with the distance, not with its square."""
    return _pulled(positions, masses / (_squares(positions) + softening**2))


def repelled(positions: Floats, masses: Floats, softening: float) -> Floats:
    """The difference is taken the other way round."""
    return -right(positions, masses, softening)


def forces(positions: Floats, masses: Floats, softening: float) -> Floats:
    """A force is returned for an acceleration: a factor of the body's own mass."""
    return right(positions, masses, softening) * masses[:, np.newaxis]


def own_mass(positions: Floats, masses: Floats, softening: float) -> Floats:
    """The mass of who is pulled, in place of the mass of who pulls."""
    return _pulled(positions, masses[:, np.newaxis] / (_squares(positions) + softening**2) ** 1.5)


def last_body_pulls_nobody(positions: Floats, masses: Floats, softening: float) -> Floats:
    """Off by one: the inner loop ends before the last body."""
    fewer = masses.copy()
    fewer[-1:] = 0.0
    return right(positions, fewer, softening)


def no_reaction(positions: Floats, masses: Floats, softening: float) -> Floats:
    """Each pair once, and the other body was forgotten."""
    return _pulled(positions, np.triu(masses / (_squares(positions) + softening**2) ** 1.5))


def reaction_of_the_same_mass(positions: Floats, masses: Floats, softening: float) -> Floats:
    """Each pair once; the pull back takes the mass that has been taken already."""
    upper = np.triu(masses / (_squares(positions) + softening**2) ** 1.5)
    return _pulled(positions, upper + np.triu(upper, 1).T)


def single_precision(positions: Floats, masses: Floats, softening: float) -> Floats:
    """Computed in float32, returned in float64."""
    single = positions.astype(np.float32)
    return _pulled(single, masses.astype(np.float32) / (_squares(single) + np.float32(softening) ** 2) ** 1.5).astype(np.float64)


def square_multiplied_out(positions: Floats, masses: Floats, softening: float) -> Floats:
    """|a|^2 + |b|^2 - 2ab by a product of matrices: quick, and nothing is left of a small distance."""
    lengths = np.einsum("ij,ij->i", positions, positions)
    squares = np.maximum(0.0, lengths[:, np.newaxis] + lengths - 2.0 * positions @ positions.T)
    return _pulled(positions, masses / (squares + softening**2) ** 1.5)


def origin_moved(positions: Floats, masses: Floats, softening: float) -> Floats:
    """The middle is subtracted first: far from it, small distances lose their digits."""
    return right(positions - positions.mean(axis=0) if len(positions) else positions, masses, softening)


def moved_in_place(positions: Floats, masses: Floats, softening: float) -> Floats:
    """The first body becomes the origin, in the caller's array."""
    positions -= positions[:1].copy()
    return right(positions, masses, softening)


def far_ones_left_out(positions: Floats, masses: Floats, softening: float) -> Floats:
    """What is farther than four cores does not count."""
    squares = _squares(positions)
    return _pulled(positions, np.where(squares < 16.0, masses / (squares + softening**2) ** 1.5, 0.0))


def far_tiles_left_out(positions: Floats, masses: Floats, softening: float) -> Floats:
    """Tiles that are a thousand cores apart are too far to matter, and nobody asks what they weigh."""
    squares = _squares(positions)
    return pulled(positions, masses, softening, (tile for tile in tiles(len(masses)) if squares[tile].min() < 1e6)).T.copy()


def close_ones_taken_for_one(positions: Floats, masses: Floats, softening: float) -> Floats:
    """To keep a body from pulling itself, whatever is as near as rounding is skipped."""
    squares = _squares(positions)
    return _pulled(positions, np.where(squares > 1e-6, masses / (squares + softening**2) ** 1.5, 0.0))


def two_iterations(positions: Floats, masses: Floats, softening: float) -> Floats:
    """A quick inverse root that stops too early: five digits of sixteen."""
    squares = _squares(positions) + softening**2
    root = (0x5FE6EB50C7B537A9 - (squares.view(np.int64) >> 1)).view(np.float64)
    for _ in range(2):
        root = root * (1.5 - 0.5 * squares * root * root)
    return _pulled(positions, masses * root**3)


def tree_for_exact(positions: Floats, masses: Floats, softening: float) -> Floats:
    """An approximation sold as the sum."""
    return tree.accelerations(positions, masses, softening)


def remembers_the_masses(positions: Floats, masses: Floats, softening: float, _kept: dict[int, Floats] = {}) -> Floats:
    """Masses are kept from the first call with as many bodies."""
    return right(positions, _kept.setdefault(len(masses), masses.copy()), softening)
