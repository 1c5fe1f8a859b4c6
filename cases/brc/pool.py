"""Every process counts the distinct lines of its chunks; only the stations' figures travel back."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from cases.brc.chunks import cut, mapped, pieces
from cases.brc.distinct import folded
from cases.brc.rollup import Running, Summary, answer, merged


def summarise(path: str, *, executor: ProcessPoolExecutor) -> Summary:
    """Return (lowest, mean, highest, number) of every station's readings, in tenths; means ties go up."""
    with mapped(path) as data:
        chunks = cut(data)
    return answer(merged(executor.map(partial(figures, path), chunks)))


def figures(path: str, chunk: tuple[int, int]) -> dict[bytes, Running]:
    """Return the figures of one chunk's stations."""
    lines: Counter[bytes] = Counter()
    for piece in pieces(path, *chunk):
        lines.update(piece.splitlines())
    return folded(lines)
