"""A whole column of the matrix in one Python integer: big integers are a bit-parallel machine of any width."""

from __future__ import annotations


def pairs(names: list[str], k: int) -> list[tuple[int, int, int]]:
    """Return (i, j, distance) of all pairs i < j within Levenshtein distance ``k``."""
    found = []
    for i, a in enumerate(names):
        masks = letter_masks(a)
        for j in range(i + 1, len(names)):
            b = names[j]
            if abs(len(a) - len(b)) > k:
                continue
            distance = levenshtein(masks, len(a), b)
            if distance <= k:
                found.append((i, j, distance))
    return found


def letter_masks(text: str) -> dict[str, int]:
    """Return for each letter the positions at which it stands, as bits."""
    masks: dict[str, int] = {}
    for position, letter in enumerate(text):
        masks[letter] = masks.get(letter, 0) | 1 << position
    return masks


def levenshtein(masks: dict[str, int], length: int, text: str) -> int:
    """Return the edit distance of the masks' text (of ``length`` letters) and ``text``.

    Going down a column of the matrix, the value changes by +1 (bits of ``plus``), -1 (``minus``) or not at all; one addition
    carries a run of matches through the whole column.  Source: G. Myers, J. ACM 46 (1999), in H. Hyyrö's form (2003).
    """
    ones = (1 << length) - 1
    plus, minus = ones, 0
    for letter in text:
        match = masks.get(letter, 0)
        diagonal = (((match & plus) + plus) ^ plus) | match | minus
        up = ((minus | (ones ^ (diagonal | plus))) << 1) | 1
        # only `plus` is cut to length: what is above it in the others never comes down again
        plus = (((plus & diagonal) << 1) | (ones ^ (diagonal | up))) & ones
        minus = up & diagonal
    # the column begins with len(text): adding up its changes gives its last value
    return len(text) + plus.bit_count() - (minus & ones).bit_count()
