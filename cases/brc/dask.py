"""The same chunks as a graph of delayed tasks, on the same processes: what does the scheduler cost?"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor

from dask.base import compute
from dask.delayed import delayed

from cases.brc.chunks import cut, mapped
from cases.brc.pool import figures
from cases.brc.rollup import Summary, answer, merged


def summarise(path: str, *, executor: ProcessPoolExecutor) -> Summary:
    """Return (lowest, mean, highest, number) of every station's readings, in tenths; means ties go up."""
    with mapped(path) as data:
        parts = [delayed(figures)(path, chunk) for chunk in cut(data)]
    # a pool of dask's own would outlive the call, and be started anew in each
    (whole,) = compute(delayed(merged)(parts), scheduler="processes", pool=executor)
    return answer(whole)
