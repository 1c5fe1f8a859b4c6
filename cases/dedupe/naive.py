"""The full matrix of the textbook, for every pair."""

from __future__ import annotations


def pairs(names: list[str], k: int) -> list[tuple[int, int, int]]:
    """Return (i, j, distance) of all pairs i < j within Levenshtein distance ``k``."""
    found = []
    for i in range(len(names)):
        for j in range(i + 1, len(names)):
            distance = levenshtein(names[i], names[j])
            if distance <= k:
                found.append((i, j, distance))
    return found


def levenshtein(a: str, b: str) -> int:
    """Return the edit distance (Wagner and Fischer, 1974)."""
    matrix = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(len(a) + 1):
        matrix[i][0] = i
    for j in range(len(b) + 1):
        matrix[0][j] = j
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            cost = 0 if a[i - 1] == b[j - 1] else 1
            matrix[i][j] = min(matrix[i - 1][j] + 1, matrix[i][j - 1] + 1, matrix[i - 1][j - 1] + cost)
    return matrix[len(a)][len(b)]
