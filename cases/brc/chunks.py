"""Cuts a mapped file into ranges of whole lines, one for each task."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager

CHUNKS = 8
"""More than processors: a processor that a neighbour borrows for a while holds up one chunk, not half the file."""


@contextmanager
def mapped(path: str) -> Iterator[mmap.mmap | bytes]:
    """Map a file into memory, to be read only; no bytes cannot be mapped, so an empty file is empty bytes."""
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            yield b""
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield data


def cut(data: mmap.mmap | bytes, chunks: int = CHUNKS) -> list[tuple[int, int]]:
    """Return about ``chunks`` ranges (begin, end) that cover the data; each ends after a line's end, or with the data.

    Where a line is longer than a chunk ought to be, there are fewer of them.
    """
    ranges = []
    begin, size = 0, len(data)
    for number in range(1, chunks + 1):
        at = data.find(b"\n", max(begin, size * number // chunks - 1))
        end = size if at < 0 else at + 1
        if begin < end:
            ranges.append((begin, end))
        begin = end
    return ranges
