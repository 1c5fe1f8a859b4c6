"""Chunks of the text on all processors, each as much longer as a pattern may reach beyond; every process filters by pieces."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from itertools import chain, repeat

from cases.multiscan.pieces import hits_before

CHUNKS = 4
"""More than processors of a small machine: when a neighbour borrows one, a quarter is late and not half; but every chunk asks for all patterns."""


def scan(patterns: list[bytes], text: bytes, *, executor: ProcessPoolExecutor) -> list[tuple[int, int]]:
    """Return (number of the pattern, start) of every occurrence of every pattern; they may overlap."""
    beyond = max(map(len, patterns), default=1) - 1
    size = len(text) // CHUNKS + 1
    begins = range(0, len(text), size)
    chunks = [text[begin : begin + size + beyond] for begin in begins]
    return list(chain.from_iterable(executor.map(chunk_hits, begins, repeat(size), repeat(patterns), chunks)))


def chunk_hits(begin: int, size: int, patterns: list[bytes], chunk: bytes) -> list[tuple[int, int]]:
    """Return the hits that start in the chunk's own ``size`` bytes, as places in the whole text; the rest is its neighbour's."""
    return [(number, begin + start) for number, start in hits_before(size, patterns, chunk)]
