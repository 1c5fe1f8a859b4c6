"""The library made for this: rapidfuzz's C++ distances, one thread, with its own cut-off."""

from __future__ import annotations

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

FEW = 16
"""Up to so many records a plain loop is faster than making arrays."""
MOST = 2**31 - 2
"""The library's cut-off has 64 bits, the distances asked for here 32: no record is that long."""
ROWS = 256
"""Rows of distances at a time: the whole matrix of a large file would not fit, and half of it would be wasted."""


def pairs(names: list[str], k: int) -> list[tuple[int, int, int]]:
    """Return (i, j, distance) of all pairs i < j within Levenshtein distance ``k``."""
    if k < 0:
        return []  # the library refuses it
    k = min(k, MOST)
    if len(names) <= FEW:
        return _one_by_one(names, k)
    found: list[tuple[int, int, int]] = []
    for row in range(0, len(names), ROWS):
        distances = cdist(names[row : row + ROWS], names[row:], scorer=Levenshtein.distance, score_cutoff=k, dtype=np.int32, workers=1)
        left, right = np.nonzero(distances <= k)
        above = left < right
        left, right = left[above], right[above]
        found += zip((left + row).tolist(), (right + row).tolist(), distances[left, right].tolist(), strict=True)
    return found


def _one_by_one(names: list[str], k: int) -> list[tuple[int, int, int]]:
    found = []
    for i, a in enumerate(names):
        for j in range(i + 1, len(names)):
            distance = Levenshtein.distance(a, names[j], score_cutoff=k)
            if distance <= k:
                found.append((i, j, distance))
    return found
