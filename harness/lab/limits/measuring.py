"""One measurement of all limits, in the worker that was started for it."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from harness.lab.limits import compiled, crew, levels, probe, system, through_numpy

if TYPE_CHECKING:
    from harness.lab.frames import Message


def measure(
    folder: Path, workers: int, effort: probe.Effort, *, alive: Callable[[], None]
) -> Message:
    """Measure everything; returns a message of figures, of what is missing, of seconds and load.

    Args:
        folder: whose disk is asked for fsync.
        workers: how many processors we may use.
        effort: how long it may take.
        alive: called after each step.
    """
    started, load = time.perf_counter(), os.getloadavg()[0]
    kernels, found = compiled.load(), levels.levels()
    gc.disable()  # as in every timed region
    with ExitStack() as stack:
        # before the working sets are made: a fork copies what describes them
        hired = stack.enter_context(crew.Crew(workers, crew.tasks(kernels, found, workers)))
        probes = [
            *(through_numpy.probes(found) if kernels is None else compiled.probes(kernels, found)),
            *system.probes(stack, folder, kernels),
            *crew.probes(hired, kernels, found, workers),
        ]
        figures, missing = probe.measure(probes, effort, alive=alive)
    gc.enable()
    return {
        "figures": [asdict(figure) for figure in crew.in_cores(figures)],
        "missing": [asdict(one) for one in missing],
        "seconds": round(time.perf_counter() - started, 3),
        "load": load,
    }
