"""Every process maps the file and counts the distinct lines of its chunks; only the stations' figures travel back."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from cases.brc.chunks import cut, mapped
from cases.brc.distinct import folded
from cases.brc.rollup import Running, Summary, answer, merged

PIECE = 1 << 22
"""Bytes split into lines at a time: a list of lines takes several times the room of its text."""


def summarise(path: str, *, executor: ProcessPoolExecutor) -> Summary:
    """Return (lowest, mean, highest, number) of every station's readings, in tenths; means ties go up."""
    with mapped(path) as data:
        ranges = cut(data)
    return answer(merged(executor.map(partial(figures, path), ranges)))


def figures(path: str, chunk: tuple[int, int]) -> dict[bytes, Running]:
    """Return the figures of one chunk's stations."""
    lines: Counter[bytes] = Counter()
    begin, last = chunk
    with open(path, "rb") as file:
        file.seek(begin)
        while begin < last:
            text = file.read(min(PIECE, last - begin))
            # a piece may end amid a line: read on to its end
            text += file.readline() if begin + len(text) < last else b""
            begin += len(text)
            lines.update(text.splitlines())
    return folded(lines)
