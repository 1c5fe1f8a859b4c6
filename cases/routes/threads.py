"""The compiled search on every processor at once: it needs no GIL, so threads do, and all read the same rows."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

from extensions.routes.csr_c import streets

from cases.routes.prebuilt import Prebuilt, form
from cases.routes.town import Places, Queries, Roads, Route
from cases.routes.trees import by_source

THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def routes(roads: Roads, places: Places, queries: Queries, built: Prebuilt | None, *, executor: ThreadPoolExecutor) -> list[Route | None]:
    """Return the cheapest way of each query (source, target): its cost and its junctions, or None."""
    network = form(streets, roads, places, built)
    # whole sources are dealt out, so that no thread repeats another's search; this thread takes its share: for one source nobody is woken
    sources = list(by_source(queries).values())
    workers = max(1, min(THREADS, len(sources)))
    mine, *others = [[number for asked in sources[first::workers] for number in asked] for first in range(workers)]
    theirs = [executor.submit(network.answer, [queries[number] for number in share]) for share in others]
    answers = [network.answer([queries[number] for number in mine]), *(future.result() for future in theirs)]
    found: list[Route | None] = [None] * len(queries)
    for share, answered in zip((mine, *others), answers, strict=True):
        for number, answer in zip(share, answered, strict=True):
            found[number] = answer
    return found
