"""Records as one array of small numbers, for compiled variants that cannot look into str."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST_LETTERS = 2**31 - 2
"""No record may be longer for the variants whose cells have 32 bits, and no distance is larger."""


def nearest(k: int) -> int:
    """Return ``k`` cut to what a distance can be, so that no fixed-width type overflows, be ``k`` as large as it will."""
    return max(-1, min(k, MOST_LETTERS))


def as_codes(names: list[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return all code points one after another, and where each record starts (one more start than records).

    Raises:
        OverflowError: a record is longer than ``MOST_LETTERS``.
    """
    longest = max(map(len, names), default=0)
    if longest > MOST_LETTERS:
        message = f"a record of {longest} letters; {MOST_LETTERS} is the most here"
        raise OverflowError(message)
    letters = np.frombuffer("".join(names).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    starts = np.zeros(len(names) + 1, dtype=np.int64)
    np.cumsum([len(name) for name in names], out=starts[1:])
    return letters, starts


def numbered(letters: NDArray[np.uint32]) -> tuple[NDArray[np.int64], int]:
    """Call the different letters 0, 1, 2 ... and say how many there are: code points would make a table of a million rows."""
    number = np.zeros(int(letters.max(initial=0)) + 1, dtype=np.int64)
    number[letters] = 1
    np.cumsum(number, out=number)
    return number[letters] - 1, int(number[-1])
