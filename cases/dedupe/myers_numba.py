"""Bit-parallel on 64-bit words, compiled at the first call."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cases.dedupe.codes import as_codes, nearest, numbered

ONE, TOP, ALL = np.uint64(1), np.uint64(63), ~np.uint64(0)


def pairs(names: list[str], k: int) -> list[tuple[int, int, int]]:
    """Return (i, j, distance) of all pairs i < j within Levenshtein distance ``k``."""
    letters, starts = as_codes(names)
    codes, alphabet = numbered(letters)
    return list(all_pairs(codes, starts, nearest(k), alphabet))


@njit(cache=True)
def all_pairs(codes: NDArray[np.int64], starts: NDArray[np.int64], k: int, alphabet: int) -> list[tuple[int, int, int]]:
    """Compare every pair of records."""
    longest = 0
    for i in range(len(starts) - 1):
        longest = max(longest, starts[i + 1] - starts[i])
    words = max(1, (longest + 63) // 64)
    masks = np.zeros((alphabet, words), dtype=np.uint64)
    plus, minus, bottom = np.empty(words, dtype=np.uint64), np.empty(words, dtype=np.uint64), np.empty(words, dtype=np.int64)
    found = [(0, 0, 0) for _ in range(0)]
    for i in range(len(starts) - 1):
        a = codes[starts[i] : starts[i + 1]]
        for place in range(len(a)):
            masks[a[place], place >> 6] |= ONE << np.uint64(place & 63)
        for j in range(i + 1, len(starts) - 1):
            distance = within(masks, a, codes[starts[j] : starts[j + 1]], k, plus, minus, bottom)
            if distance <= k:
                found.append((i, j, distance))
        for place in range(len(a)):
            masks[a[place], place >> 6] = 0
    return found


@njit(cache=True)
def within(
    masks: NDArray[np.uint64],
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    k: int,
    plus: NDArray[np.uint64],
    minus: NDArray[np.uint64],
    bottom: NDArray[np.int64],
) -> int:
    """Return the distance of the masks' record ``a`` and ``b``, or k + 1 when it exceeds ``k``."""
    rows, size = len(a), len(b)
    if abs(rows - size) > k:
        return k + 1
    # what two records have in common at either end costs nothing
    while rows > 0 and size > 0 and a[rows - 1] == b[size - 1]:
        rows -= 1
        size -= 1
    alike = 0
    while alike < rows and alike < size and a[alike] == b[alike]:
        alike += 1
    if alike in (rows, size):
        return rows + size - 2 * alike
    if masks.shape[1] == 1:
        return within_one_word(masks[:, 0], alike, rows - alike, b[alike:size], k)
    skip = alike // 64  # only whole words are skipped
    return within_blocks(masks[:, skip:], rows - 64 * skip, b[64 * skip : size], k, plus, minus, bottom)


@njit(cache=True)
def within_one_word(masks: NDArray[np.uint64], skip: int, rows: int, text: NDArray[np.int64], k: int) -> int:
    """Up to 64 rows: one word is a whole column (Myers, 1999)."""
    plus, minus = ALL, np.uint64(0)
    last = np.uint64(rows - 1)
    distance = rows
    for j in range(len(text)):
        match = masks[text[j]] >> np.uint64(skip)
        diagonal = (((match & plus) + plus) ^ plus) | match | minus
        up, down = minus | ~(diagonal | plus), plus & diagonal
        distance += np.int64(up >> last & ONE) - np.int64(down >> last & ONE)
        if distance - (len(text) - 1 - j) > k:  # a letter still to come takes off one at most
            return k + 1
        up = (up << ONE) | ONE
        plus = (down << ONE) | ~(diagonal | up)
        minus = up & diagonal
    return distance


@njit(cache=True)
def within_blocks(
    masks: NDArray[np.uint64],
    rows: int,
    text: NDArray[np.int64],
    k: int,
    plus: NDArray[np.uint64],
    minus: NDArray[np.uint64],
    bottom: NDArray[np.int64],
) -> int:
    """More rows: the words from ``first`` to ``final`` hold every cell that a path of ``bound`` edits or less can visit.

    The bound is ``k`` at first, and falls with every column that shows a shorter way.  Sources: Hyyrö, 2003; Ukkonen, 1985.
    """
    words = (rows + 63) // 64
    height = rows - 64 * (words - 1)
    first, final, bound = 0, -1, k
    for j in range(len(text)):
        columns = len(text) - 1 - j  # still to come after this one
        # a path that enters the next word here still has to make up for what it is off the corner's diagonal
        while final + 1 < words and (final < first or bottom[final] + abs(rows - 64 * (final + 1) - 1 - columns) <= bound):
            above = bottom[final] if final >= first else j
            final += 1
            plus[final], minus[final] = ALL, np.uint64(0)
            bottom[final] = above + (height if final == words - 1 else 64)
        up_in, down_in = ONE, np.uint64(0)
        for word in range(first, final + 1):
            vertical_plus, vertical_minus = plus[word], minus[word]
            last = np.uint64(height - 1) if word == words - 1 else TOP
            match = masks[text[j], word] | down_in
            diagonal = (((match & vertical_plus) + vertical_plus) ^ vertical_plus) | match | vertical_minus
            up, down = vertical_minus | ~(diagonal | vertical_plus), vertical_plus & diagonal
            up_out, down_out = up >> last & ONE, down >> last & ONE
            bottom[word] += np.int64(up_out) - np.int64(down_out)
            up = (up << ONE) | up_in
            plus[word] = (down << ONE) | down_in | ~(diagonal | up)
            minus[word] = up & diagonal
            up_in, down_in = up_out, down_out
        # whoever stands at the lowest row needs no more than one edit for each row or column still to come
        bound = min(bound, bottom[final] + max(columns, rows - 64 * (final + 1)))
        # no row of a word is more than 63 below its lowest, and who climbs r rows above that has r more to go down
        while bottom[first] + max(-63, max(0, rows - 64 * (first + 1)) - columns) > bound:
            if first == final:
                return k + 1
            first += 1
        while bottom[final] - 63 > bound:
            final -= 1
    return bottom[final] if final == words - 1 and bottom[final] <= bound else k + 1
