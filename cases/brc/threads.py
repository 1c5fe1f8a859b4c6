"""The C kernel on every processor at once: it needs no GIL, so threads do, and nothing has to travel."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from extensions.brc.cython import Tally

from cases.brc.chunks import cut, mapped
from cases.brc.rollup import Summary


def summarise(path: str, *, executor: ThreadPoolExecutor) -> Summary:
    """Return (lowest, mean, highest, number) of every station's readings, in tenths; means ties go up."""
    with mapped(path) as data:

        def tally(chunk: tuple[int, int]) -> Tally:
            part = Tally()
            part.add(data, *chunk)
            return part

        whole = Tally()
        for part in executor.map(tally, cut(data)):
            whole.merge(part)
        return whole.answer()
