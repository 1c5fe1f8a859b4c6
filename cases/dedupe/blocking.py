"""Look only at pairs that share a piece: k edits cannot touch all of k + 1 pieces."""

from __future__ import annotations

from collections import defaultdict

from cases.dedupe.myers import letter_masks, levenshtein


def pairs(names: list[str], k: int) -> list[tuple[int, int, int]]:
    """Return (i, j, distance) of all pairs i < j within Levenshtein distance ``k``.

    Lossless: cut a record into k + 1 pieces; in any record within k edits at least one piece stands unchanged,
    shifted by at most k.  Source: Li, Deng, Wang, Feng: Pass-Join (VLDB 2011).
    """
    index: dict[tuple[int, int, str], list[int]] = defaultdict(list)
    seen_lengths: dict[int, list[int]] = defaultdict(list)
    found = []
    for i in sorted(range(len(names)), key=lambda one: len(names[one])):
        text = names[i]
        candidates = _candidates(text, k, index, seen_lengths)
        masks = letter_masks(text) if candidates else {}
        for other in candidates:
            distance = levenshtein(masks, len(text), names[other])
            if distance <= k:
                found.append((min(i, other), max(i, other), distance))
        seen_lengths[len(text)].append(i)
        for number, start, stop in pieces(len(text), k):
            index[len(text), number, text[start:stop]].append(i)
    return found


def pieces(length: int, k: int) -> list[tuple[int, int, int]]:
    """Cut ``length`` into k + 1 pieces of nearly equal size: (number, start, stop); none when there are too few letters."""
    if length <= k:
        return []
    cuts = [length * number // (k + 1) for number in range(k + 2)]
    return [(number, cuts[number], cuts[number + 1]) for number in range(k + 1)]


def _candidates(text: str, k: int, index: dict[tuple[int, int, str], list[int]], seen_lengths: dict[int, list[int]]) -> set[int]:
    """Return earlier (not longer) records that may be within k of ``text``."""
    candidates: set[int] = set()
    for length in range(max(0, len(text) - k), len(text) + 1):
        if length not in seen_lengths:
            continue
        if length <= k:  # too short to be cut: every one of them is a candidate
            candidates.update(seen_lengths[length])
        for number, start, stop in pieces(length, k):
            for place in range(max(0, start - k), min(start + k, len(text) - (stop - start)) + 1):
                candidates.update(index.get((length, number, text[place : place + stop - start]), ()))
    return candidates
