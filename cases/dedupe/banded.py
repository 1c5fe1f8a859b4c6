"""Only cells within k of the diagonal can matter, and a row that has left the band decides."""

from __future__ import annotations


def pairs(names: list[str], k: int) -> list[tuple[int, int, int]]:
    """Return (i, j, distance) of all pairs i < j within Levenshtein distance ``k``."""
    found = []
    for i, a in enumerate(names):
        for j in range(i + 1, len(names)):
            b = names[j]
            if abs(len(a) - len(b)) > k:
                continue
            distance = within(a, b, k)
            if distance <= k:
                found.append((i, j, distance))
    return found


def within(a: str, b: str, k: int) -> int:
    """Return the edit distance, or k + 1 as soon as it must exceed ``k`` (Ukkonen, 1985)."""
    too_far = k + 1
    width = len(b)
    above = [j if j <= k else too_far for j in range(width + 1)]
    for i, letter in enumerate(a, 1):
        low, high = max(1, i - k), min(width, i + k)
        row = [too_far] * (width + 1)
        if i <= k:
            row[0] = i
        best = row[low - 1]
        for j in range(low, high + 1):
            cost = above[j - 1] if letter == b[j - 1] else above[j - 1] + 1
            cost = min(cost, above[j] + 1)
            cost = min(cost, row[j - 1] + 1)
            row[j] = min(too_far, cost)
            best = min(best, cost)
        if best > k:
            return too_far
        above = row
    return above[width]
