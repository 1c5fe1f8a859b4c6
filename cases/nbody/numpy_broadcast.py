"""All n x n differences at once by broadcasting: short, and the memory grows with the square."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def accelerations(positions: NDArray[np.float64], masses: NDArray[np.float64], softening: float) -> NDArray[np.float64]:
    """Return the acceleration of each body, of shape (n, 3)."""
    apart = positions[np.newaxis, :, :] - positions[:, np.newaxis, :]
    squared = (apart**2).sum(axis=2) + softening**2
    pulls = masses / (squared * np.sqrt(squared))
    return (pulls[:, :, np.newaxis] * apart).sum(axis=1)
