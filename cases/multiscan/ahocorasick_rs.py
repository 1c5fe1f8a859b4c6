"""The rival made for this: ahocorasick_rs, Rust's aho-corasick behind one call."""

from __future__ import annotations

from ahocorasick_rs import BytesAhoCorasick


def scan(patterns: list[bytes], text: bytes) -> list[tuple[int, int]]:
    """Return (number of the pattern, start) of every occurrence of every pattern; they may overlap."""
    found = BytesAhoCorasick(patterns).find_matches_as_indexes(text, overlapping=True)
    return [(number, start) for number, start, _ in found]
