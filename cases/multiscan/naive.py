"""One search of the whole text for each pattern, with `bytes.find`."""

from __future__ import annotations


def scan(patterns: list[bytes], text: bytes) -> list[tuple[int, int]]:
    """Return (number of the pattern, start) of every occurrence of every pattern; they may overlap."""
    hits = []
    for number, pattern in enumerate(patterns):
        start = text.find(pattern)
        while start >= 0:
            hits.append((number, start))
            start = text.find(pattern, start + 1)
    return hits
