"""The C kernel on every processor at once: it needs no GIL, so threads do, and nothing has to travel."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from extensions.brc.cython import Tally

from cases.brc.chunks import cut, mapped
from cases.brc.rollup import Summary

THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def summarise(path: str, *, executor: ThreadPoolExecutor) -> Summary:
    """Return (lowest, mean, highest, number) of every station's readings, in tenths; means ties go up."""
    with mapped(path) as data:
        chunks = cut(data)

        def work() -> Tally:
            """Take chunks as long as there are any: a table a thread, since tables are dear to grow and to merge."""
            tally = Tally()
            with suppress(IndexError):
                while True:
                    tally.add(data, *chunks.pop())
            return tally

        tally, *others = (future.result() for future in [executor.submit(work) for _ in range(THREADS)])
        for other in others:
            tally.merge(other)
        summary: Summary = tally.answer()
        return summary
