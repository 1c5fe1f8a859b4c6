"""The library made for this: rapidfuzz's C++ distance matrix, one thread, with its own cut-off."""

from __future__ import annotations

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist


def pairs(names: list[str], k: int) -> list[tuple[int, int, int]]:
    """Return (i, j, distance) of all pairs i < j within Levenshtein distance ``k``."""
    if not names:
        return []
    distances = cdist(names, names, scorer=Levenshtein.distance, score_cutoff=k, dtype=np.int32, workers=1)
    left, right = np.nonzero(np.triu(distances <= k, 1))
    return list(zip(left.tolist(), right.tolist(), distances[left, right].tolist(), strict=True))
