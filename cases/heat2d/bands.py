"""Bands of rows in shared memory, a process for each, a barrier between steps; neighbours' edge rows are the halo."""

from __future__ import annotations

import itertools
import multiprocessing
import os
from multiprocessing.shared_memory import SharedMemory
from multiprocessing.synchronize import Barrier

import numpy as np
from numpy.typing import NDArray

from cases.heat2d.numpy_inplace import wrap


def simulate(grid: NDArray[np.float64], alpha: float, steps: int) -> NDArray[np.float64]:
    """Advance the heat equation on a torus by ``steps`` explicit steps."""
    rows, columns = grid.shape
    workers = max(1, min(len(os.sched_getaffinity(0)), rows))
    context = multiprocessing.get_context("fork")
    memory = SharedMemory(create=True, size=2 * 8 * (rows + 2) * (columns + 2))
    try:
        maps = _maps(memory, rows, columns)
        maps[0, 1:-1, 1:-1] = grid
        wrap(maps[0])
        barrier = context.Barrier(workers)
        cuts = [rows * number // workers for number in range(workers + 1)]
        bands = itertools.pairwise(cuts)
        processes = [context.Process(target=_work, args=(memory.name, rows, columns, band, alpha, steps, barrier)) for band in bands]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        answer: NDArray[np.float64] = maps[steps % 2, 1:-1, 1:-1].copy()
        del maps
        return answer
    finally:
        memory.close()
        memory.unlink()


def _maps(memory: SharedMemory, rows: int, columns: int) -> NDArray[np.float64]:
    """Return the two maps, each with its frame, as one array over the shared memory."""
    return np.ndarray((2, rows + 2, columns + 2), dtype=np.float64, buffer=memory.buf)


def _work(name: str, rows: int, columns: int, band: tuple[int, int], alpha: float, steps: int, barrier: Barrier) -> None:
    """Advance one band; nobody begins a step before all have ended the one before."""
    memory = SharedMemory(name=name)
    _advance(_maps(memory, rows, columns), rows, columns, band, alpha, steps, barrier)
    memory.close()


def _advance(maps: NDArray[np.float64], rows: int, columns: int, band: tuple[int, int], alpha: float, steps: int, barrier: Barrier) -> None:
    """Advance the band in the shared maps; no view of them may outlive this call, or the memory cannot be closed."""
    top, bottom = band[0] + 1, band[1] + 1
    around = np.empty((bottom - top, columns))
    for step in range(steps):
        heat, later = maps[step % 2], maps[1 - step % 2]
        out = later[top:bottom, 1:-1]
        np.add(heat[top - 1 : bottom - 1, 1:-1], heat[top + 1 : bottom + 1, 1:-1], out=around)
        np.add(around, heat[top:bottom, :-2], out=around)
        np.add(around, heat[top:bottom, 2:], out=around)
        np.multiply(around, alpha, out=around)
        np.multiply(heat[top:bottom, 1:-1], 1.0 - 4.0 * alpha, out=out)
        np.add(out, around, out=out)
        later[top:bottom, 0], later[top:bottom, -1] = out[:, -1], out[:, 0]
        if band[0] == 0:
            later[-1, 1:-1] = out[0]
        if band[1] == rows:
            later[0, 1:-1] = out[-1]
        barrier.wait()
