"""Clocks and the collector's switches, bound before a variant is imported: whoever replaces them in their modules deceives nobody here."""

from __future__ import annotations

import gc
import time

now = time.perf_counter_ns
"""The lab's clock, in nanoseconds."""
seconds_now = time.perf_counter
monotonic = time.monotonic
"""For limits of time, in seconds."""
process_ns = time.process_time_ns
clock_ns = time.clock_gettime_ns
"""Of any clock of the kernel."""
SINCE_BOOT = time.CLOCK_MONOTONIC
sleep = time.sleep
collect, freeze, unfreeze, disable, enable = gc.collect, gc.freeze, gc.unfreeze, gc.disable, gc.enable

_BOUND = {
    (module, name): getattr(module, name)
    for module, names in (
        (
            time,
            ("perf_counter", "perf_counter_ns", "monotonic", "monotonic_ns", "process_time", "process_time_ns", "time", "time_ns", "sleep"),
        ),
        (gc, ("collect", "freeze", "disable", "enable", "isenabled")),
    )
    for name in names
}


def replaced() -> list[str]:
    """Names of what somebody has put something else in the place of: ``time.perf_counter``."""
    return [f"{module.__name__}.{name}" for (module, name), bound in _BOUND.items() if getattr(module, name, None) is not bound]
