"""The pieces as a graph of delayed tasks, run by dask's threads; nothing keeps running afterwards."""

from __future__ import annotations

import mmap
import os
from concurrent.futures import ThreadPoolExecutor

import dask

from cases.brc.distinct import counted, folded
from cases.brc.folding import Summary, cuts, finished, merged

PIECE_BYTES = 16 << 20


def summarise(path: str) -> Summary:
    """Return (min, mean, max, rows) by station, in tenths of a degree; the mean is rounded half up."""
    pieces = [dask.delayed(piece)(path, start, stop) for start, stop in cuts(path, max(2, os.path.getsize(path) // PIECE_BYTES))]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:  # dask's own pool would outlive the call
        return finished(dask.delayed(merged)(pieces).compute(scheduler="threads", pool=pool))


def piece(path: str, start: int, stop: int) -> dict[bytes, list[int]]:
    """Count one piece of the file."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), stop, access=mmap.ACCESS_READ) as content:
        content.seek(start)
        return folded(counted(iter(content.readline, b"")))
