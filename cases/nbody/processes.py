"""The tiles dealt out to all processors; each worker returns its share of every acceleration."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from cases.nbody.numpy_tiled import pulled, tiles

SHARES = 8
"""More than most machines have processors; a share more costs one more copy of the bodies there, and of the sums back."""


def accelerations(
    positions: NDArray[np.float64], masses: NDArray[np.float64], softening: float, *, executor: ProcessPoolExecutor
) -> NDArray[np.float64]:
    """Return the acceleration of each body, of shape (n, 3)."""
    out = np.zeros((3, len(masses)))
    for part in executor.map(partial(share, positions, masses, softening), range(SHARES)):
        out += part
    return out.T.copy()


def share(positions: NDArray[np.float64], masses: NDArray[np.float64], softening: float, first: int) -> NDArray[np.float64]:
    """Add up tiles first, first + SHARES, ..."""
    return pulled(positions, masses, softening, islice(tiles(len(masses)), first, None, SHARES))
