"""The set of all pieces of four bytes that the text has: a pattern with a piece that is not there is not there."""

from __future__ import annotations

PIECE = 4


def scan(patterns: list[bytes], text: bytes) -> list[tuple[int, int]]:
    """Return (number of the pattern, start) of every occurrence of every pattern; they may overlap."""
    return hits_before(len(text), patterns, text)


def hits_before(end: int, patterns: list[bytes], text: bytes) -> list[tuple[int, int]]:
    """Return the hits that start before ``end``, however far they reach beyond."""
    pieces = {text[place : place + PIECE] for place in range(len(text) - PIECE + 1)}
    hits = []
    for number, pattern in enumerate(patterns):
        if is_possible(pattern, pieces):
            start = text.find(pattern)
            while 0 <= start < end:
                hits.append((number, start))
                start = text.find(pattern, start + 1)
    return hits


def is_possible(pattern: bytes, pieces: set[bytes]) -> bool:
    """Say whether all pieces of a pattern are in the text; the last first, since beginnings are alike."""
    places = range(len(pattern) - PIECE, -1, -1)
    return all(pattern[place : place + PIECE] in pieces for place in places)
