"""Bit-parallel on 64-bit words, compiled at the first call."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cases.dedupe.codes import as_codes


def pairs(names: list[str], k: int) -> list[tuple[int, int, int]]:
    """Return (i, j, distance) of all pairs i < j within Levenshtein distance ``k``."""
    letters, starts = as_codes(names)
    # code points become small numbers, so that masks are rows of a table
    alphabet, codes = np.unique(letters, return_inverse=True)
    longest = int(np.diff(starts).max(initial=0))
    return [(int(i), int(j), int(distance)) for i, j, distance in all_pairs(codes.astype(np.int64), starts, k, len(alphabet), longest)]


@njit(cache=True)
def all_pairs(codes: NDArray[np.int64], starts: NDArray[np.int64], k: int, letters: int, longest: int) -> list[tuple[int, int, int]]:
    """Compare every pair of records whose lengths are near enough."""
    words = max(1, (longest + 63) // 64)
    masks = np.zeros((letters + 1, words), dtype=np.uint64)
    plus, minus = np.empty(words, dtype=np.uint64), np.empty(words, dtype=np.uint64)
    found = [(0, 0, 0) for _ in range(0)]
    for i in range(len(starts) - 1):
        a = codes[starts[i] : starts[i + 1]]
        for place in range(len(a)):
            masks[a[place], place >> 6] |= np.uint64(1) << np.uint64(place & 63)
        for j in range(i + 1, len(starts) - 1):
            b = codes[starts[j] : starts[j + 1]]
            if abs(len(a) - len(b)) <= k:
                distance = levenshtein(masks, len(a), b, plus, minus)
                if distance <= k:
                    found.append((i, j, distance))
        for place in range(len(a)):
            masks[a[place], place >> 6] = 0
    return found


@njit(cache=True)
def levenshtein(
    masks: NDArray[np.uint64], length: int, text: NDArray[np.int64], plus: NDArray[np.uint64], minus: NDArray[np.uint64]
) -> int:
    """Return the edit distance; several words pass the horizontal difference on (Hyyrö, 2003)."""
    if length == 0:
        return len(text)
    words = (length + 63) // 64
    one = np.uint64(1)
    top = np.uint64(63)
    last = np.uint64((length - 1) & 63)
    distance = length
    for word in range(words):
        plus[word] = ~np.uint64(0)
        minus[word] = np.uint64(0)
    for letter in text:
        up_in, down_in = one, np.uint64(0)
        for word in range(words):
            vertical_plus, vertical_minus = plus[word], minus[word]
            match = masks[letter, word] | down_in
            diagonal = (((match & vertical_plus) + vertical_plus) ^ vertical_plus) | match | vertical_minus
            up = vertical_minus | ~(diagonal | vertical_plus)
            down = vertical_plus & diagonal
            if word == words - 1:
                distance += np.int64((up >> last) & one) - np.int64((down >> last) & one)
            up_out, down_out = up >> top, down >> top
            up = (up << one) | up_in
            down = (down << one) | down_in
            plus[word] = down | ~(diagonal | up)
            minus[word] = up & diagonal
            up_in, down_in = up_out, down_out
    return int(distance)
