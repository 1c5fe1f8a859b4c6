"""The textbook's matrix, compiled at the first call."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cases.dedupe.codes import as_codes, nearest


def pairs(names: list[str], k: int) -> list[tuple[int, int, int]]:
    """Return (i, j, distance) of all pairs i < j within Levenshtein distance ``k``."""
    letters, starts = as_codes(names)
    return list(all_pairs(letters, starts, nearest(k)))


@njit(cache=True)
def all_pairs(letters: NDArray[np.uint32], starts: NDArray[np.int64], k: int) -> list[tuple[int, int, int]]:
    """Compare every pair of records."""
    found = [(0, 0, 0) for _ in range(0)]
    for i in range(len(starts) - 1):
        a = letters[starts[i] : starts[i + 1]]
        for j in range(i + 1, len(starts) - 1):
            distance = levenshtein(a, letters[starts[j] : starts[j + 1]])
            if distance <= k:
                found.append((i, j, distance))
    return found


@njit(cache=True)
def levenshtein(a: NDArray[np.uint32], b: NDArray[np.uint32]) -> int:
    """Return the edit distance (Wagner and Fischer, 1974)."""
    matrix = np.empty((len(a) + 1, len(b) + 1), dtype=np.int32)
    for i in range(len(a) + 1):
        matrix[i, 0] = i
    for j in range(len(b) + 1):
        matrix[0, j] = j
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            cost = matrix[i - 1, j - 1] + (a[i - 1] != b[j - 1])
            matrix[i, j] = min(matrix[i - 1, j] + 1, matrix[i, j - 1] + 1, cost)
    return int(matrix[len(a), len(b)])
