"""Square tiles of pairs that stay in the cache, each pair once; what a tile adds up are two products of matrix and vector."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

TILE = 128
"""Six arrays of 128 x 128 doubles are 0.8 MB: within a core's second cache, and large beside the price of a call."""
Tile = tuple[slice, slice]


def accelerations(positions: NDArray[np.float64], masses: NDArray[np.float64], softening: float) -> NDArray[np.float64]:
    """Return the acceleration of each body, of shape (n, 3)."""
    return pulled(positions, masses, softening, tiles(len(masses))).T.copy()


def tiles(n: int) -> Iterator[Tile]:
    """Yield the tiles on and above the diagonal, as rows and columns."""
    cuts = [slice(start, min(start + TILE, n)) for start in range(0, n, TILE)]
    for place, rows in enumerate(cuts):
        for columns in cuts[place:]:
            yield rows, columns


def pulled(positions: NDArray[np.float64], masses: NDArray[np.float64], softening: float, chosen: Iterable[Tile]) -> NDArray[np.float64]:
    """Add up what the chosen tiles pull, as an array of shape (3, n)."""
    places, out = positions.T.copy(), np.zeros((3, len(masses)))
    for rows, columns in chosen:
        apart = places[:, np.newaxis, columns] - places[:, rows, np.newaxis]
        squared = apart[0] * apart[0]
        for along in apart[1:]:
            squared += along * along
        squared += softening * softening
        squared *= np.sqrt(squared)
        apart /= squared
        out[:, rows] += apart @ masses[columns]
        if rows != columns:
            out[:, columns] -= masses[rows] @ apart
    return out
