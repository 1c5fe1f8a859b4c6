"""Calls of one variant over and over while a profiler looks: slices as in a measurement, only longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.lab.worker.timing import timed
from harness.model.declared import preceded

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.lab.worker.timing import Stopwatch

_SLICE_NS = 200_000_000
"""A profiler sees between slices, too: few and long ones waste the fewest of its samples."""
_MOST_CALLS = 100_000
_MOST_BATCH_BYTES = 64 << 20


def spin(stopwatch: Stopwatch, seconds: float, alive: Callable[[], None]) -> dict[str, float]:
    """Call until so many seconds have been spent in calls; return how many calls and seconds there were."""
    first = stopwatch.sample()
    calls, spent = first["loops"], first["ns"]
    by_time = _SLICE_NS * calls // max(1, spent)
    stopwatch.loops = max(
        1, min(by_time, _MOST_CALLS, _MOST_BATCH_BYTES // max(1, stopwatch.originals.n_bytes))
    )
    while spent < seconds * 1e9:
        taken = stopwatch.sample()
        calls, spent = calls + taken["loops"], spent + taken["ns"]
        alive()
    return {"calls": calls, "seconds": spent / 1e9}


def track_memory(stopwatch: Stopwatch, file: str) -> dict[str, float]:
    """Call once while memray writes down every allocation into ``file``."""
    import memray

    subject = stopwatch.subject
    function, fresh = subject.caller(), stopwatch.originals.fresh()
    arguments = preceded(subject.handle, fresh)
    with memray.Tracker(file, native_traces=True):
        elapsed, _ = timed(function, [arguments], subject.consume)
    return {"calls": 1, "seconds": elapsed / 1e9}
