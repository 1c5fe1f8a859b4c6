"""Bands of rows on all processors; each worker runs the bit-parallel distance on Python's big integers."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import chain

from cases.dedupe.myers import letter_masks, levenshtein

BANDS = 16
"""More bands than workers: the early rows have more partners than the late ones."""


def pairs(names: list[str], k: int, *, executor: ProcessPoolExecutor) -> list[tuple[int, int, int]]:
    """Return (i, j, distance) of all pairs i < j within Levenshtein distance ``k``."""
    return list(chain.from_iterable(executor.map(partial(band, names, k), range(BANDS))))


def band(names: list[str], k: int, first: int) -> list[tuple[int, int, int]]:
    """Compare rows first, first + BANDS, ... with all later records."""
    found = []
    for i in range(first, len(names), BANDS):
        a = names[i]
        masks = letter_masks(a)
        for j in range(i + 1, len(names)):
            b = names[j]
            if abs(len(a) - len(b)) <= k:
                distance = levenshtein(masks, len(a), b)
                if distance <= k:
                    found.append((i, j, distance))
    return found
