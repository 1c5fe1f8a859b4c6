"""One regular expression, an alternation of all patterns, as it is often advised."""

from __future__ import annotations

import re


def scan(patterns: list[bytes], text: bytes) -> list[tuple[int, int]]:
    """Return (number of the pattern, start) of every occurrence of every pattern; they may overlap."""
    if not patterns:
        return []  # an alternation of nothing matches everywhere
    numbers = beginnings(patterns)
    # the longest first: what else occurs at the same place is a beginning of the one that is found
    search = compiled(sorted(numbers, key=len, reverse=True)).search
    hits = []
    found = search(text)
    while found:
        start = found.start()
        hits += [(number, start) for number in numbers[found.group()]]
        found = search(text, start + 1)
    return hits


def beginnings(patterns: list[bytes]) -> dict[bytes, list[int]]:
    """Return for every pattern the numbers of all that it begins with, itself among them."""
    own: dict[bytes, list[int]] = {}
    for number, pattern in enumerate(patterns):
        own.setdefault(pattern, []).append(number)
    sizes = sorted(set(map(len, own)))
    return {pattern: [number for size in sizes if size <= len(pattern) for number in own.get(pattern[:size], ())] for pattern in own}


def compiled(patterns: list[bytes]) -> re.Pattern[bytes]:
    """Compile the alternation; the module shall not remember it, or the next call would be spared what this one has paid."""
    expression = re.compile(b"|".join(map(re.escape, patterns)))
    re.purge()
    return expression
