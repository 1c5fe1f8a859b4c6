"""Look only at pairs of nearly equal bags of letters; a bag is one big integer, so that comparing two takes one XOR."""

from __future__ import annotations

from collections import Counter

from cases.dedupe.myers import letter_masks, levenshtein


def pairs(names: list[str], k: int) -> list[tuple[int, int, int]]:
    """Return (i, j, distance) of all pairs i < j within Levenshtein distance ``k``.

    Lossless: k edits change the length by k at most, and the bag of letters by 2 k at most (an insertion or
    deletion changes one count by one, a replacement changes two).
    """
    order = sorted(range(len(names)), key=lambda number: len(names[number]))
    bags = letter_bags([names[number] for number in order])
    found = []
    first = 0
    for place, i in enumerate(order):
        text, bag = names[i], bags[place]
        while first < place and len(text) - len(names[order[first]]) > k:
            first += 1
        near = [j for j, other in zip(order[first:place], bags[first:place], strict=True) if (bag ^ other).bit_count() <= 2 * k]
        masks = letter_masks(text) if near else {}
        for j in near:
            distance = levenshtein(masks, len(text), names[j])
            if distance <= k:
                found.append((min(i, j), max(i, j), distance))
    return found


def letter_bags(texts: list[str]) -> list[int]:
    """Return each text's bag of letters: every letter has a field of its own, in which as many bits are set as it occurs.

    In this unary notation the bits in which two bags differ are the letters that one has more of than the other.
    """
    counts = [Counter(text) for text in texts]
    most: Counter[str] = Counter()
    for count in counts:
        most |= count
    fields, width = {}, 0
    for letter, times in most.items():
        fields[letter] = width
        width += times
    return [sum(((1 << times) - 1) << fields[letter] for letter, times in count.items()) for count in counts]
