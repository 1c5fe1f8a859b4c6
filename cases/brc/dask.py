"""The chunks as a graph of delayed tasks, run by dask's threads; nothing keeps running afterwards."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import dask

from cases.brc.chunks import cut, mapped
from cases.brc.pool import figures
from cases.brc.rollup import Summary, answer, merged


def summarise(path: str) -> Summary:
    """Return (lowest, mean, highest, number) of every station's readings, in tenths; means ties go up."""
    with mapped(path) as data:
        parts = [dask.delayed(figures)(path, chunk) for chunk in cut(data)]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:  # dask's own pool would outlive the call
        return answer(dask.delayed(merged)(parts).compute(scheduler="threads", pool=pool))
