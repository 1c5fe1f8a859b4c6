"""A word that is in none of the text's words is in no line: patterns are looked for in the set of distinct words first."""

from __future__ import annotations

import re

WORD = re.compile(rb"[0-9A-Za-z_]+")


def scan(patterns: list[bytes], text: bytes) -> list[tuple[int, int]]:
    """Return (number of the pattern, start) of every occurrence of every pattern; they may overlap."""
    words = set(WORD.findall(text))
    vocabulary = b" ".join(words)
    hits = []
    for number, pattern in enumerate(patterns):
        if possible(pattern, words, vocabulary):
            start = text.find(pattern)
            while start >= 0:
                hits.append((number, start))
                start = text.find(pattern, start + 1)
    return hits


def possible(pattern: bytes, words: set[bytes], vocabulary: bytes) -> bool:
    """Say whether the words of a pattern are words of the text; the first and the last may be parts of longer ones."""
    parts = WORD.findall(pattern)
    # a word with something else on both sides is a whole word of the text as well, and a look-up cheaper than a search
    inner = parts[not is_outside(pattern[:1]) : len(parts) - (not is_outside(pattern[-1:]))]
    return words.issuperset(inner) and (not parts or max(parts, key=len) in vocabulary)


def is_outside(byte: bytes) -> bool:
    """Say whether a byte belongs to no word."""
    return not WORD.match(byte)
