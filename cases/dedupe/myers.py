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

    The vertical differences of a column are +1 (``plus``) or -1 (``minus``); one addition carries a run of
    matches through the whole column.  Source: G. Myers, J. ACM 46 (1999), in H. Hyyrö's form (2003).
    """
    if not length:
        return len(text)
    ones = (1 << length) - 1
    last = 1 << (length - 1)
    plus, minus, distance = ones, 0, length
    for letter in text:
        match = masks.get(letter, 0)
        diagonal = (((match & plus) + plus) ^ plus) | match | minus
        up = minus | (ones & ~(diagonal | plus))
        down = plus & diagonal
        if up & last:
            distance += 1
        elif down & last:
            distance -= 1
        up = (up << 1) | 1
        plus = ((down << 1) | (ones & ~(diagonal | up))) & ones
        minus = up & diagonal & ones
    return distance
