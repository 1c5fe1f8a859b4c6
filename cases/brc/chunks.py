"""Cuts a file into ranges of whole lines, and reads a range piece by piece."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager

CHUNKS = 8
"""More than processors: when a neighbour borrows a processor, one chunk is late and not half the file."""
PIECE = 1 << 20
"""Bytes held at a time: lists of lines and NumPy's temporaries take many times the room of the text."""


@contextmanager
def mapped(path: str) -> Iterator[mmap.mmap | bytes]:
    """Map a file into memory, to be read only; nothing cannot be mapped, so an empty file is empty bytes."""
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            yield b""
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield data


def cut(data: mmap.mmap | bytes, chunks: int = CHUNKS) -> list[tuple[int, int]]:
    """Return about ``chunks`` ranges (begin, end) that cover the data; each ends where a line does.

    There are fewer where a line is longer than its share.
    """
    ranges = []
    begin, size = 0, len(data)
    for number in range(1, chunks + 1):
        newline = data.find(b"\n", max(begin, size * number // chunks - 1))
        end = size if newline < 0 else newline + 1
        if begin < end:
            ranges.append((begin, end))
        begin = end
    return ranges


def pieces(path: str, begin: int = 0, end: int | None = None) -> Iterator[bytes]:
    """Yield the range of a file in pieces of whole lines, none of them much longer than PIECE."""
    with open(path, "rb") as file:
        file.seek(begin)
        left = (os.fstat(file.fileno()).st_size if end is None else end) - begin
        while left > 0:
            piece = file.read(min(PIECE, left))
            # it may have ended amid a line; the range does not
            piece += file.readline() if len(piece) < left and not piece.endswith(b"\n") else b""
            left -= len(piece)
            yield piece
