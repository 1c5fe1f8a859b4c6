"""What the machine does while a block is measured: read from the kernel before and after."""

from __future__ import annotations

import os
import resource
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.model.measured import Conditions

_SLEPT_SECONDS = 1.0
_STEAL_SHARE = 0.5
_SWAPPED_PAGES = 256


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Counters of the kernel at one moment."""

    monotonic: float
    wall_offset: float
    """Wall clock minus monotonic clock: jumps when somebody steps the wall clock."""
    sleep_offset: float
    """Boot clock minus monotonic clock: grows while the machine is suspended."""
    ticks: int
    stolen: int
    switches: int
    swapped: int
    throttled: int

    @classmethod
    def take(cls) -> Snapshot:
        """Read the counters; what this kernel lacks reads as zero."""
        ticks = [int(word) for word in _first_line("/proc/stat").split()[1:]] or [0] * 8
        monotonic = time.monotonic()
        boot = (
            time.clock_gettime(time.CLOCK_BOOTTIME)
            if hasattr(time, "CLOCK_BOOTTIME")
            else monotonic
        )
        return cls(
            monotonic=monotonic,
            wall_offset=time.time() - monotonic,
            sleep_offset=boot - monotonic,
            ticks=sum(ticks[:8]),
            stolen=ticks[7] if len(ticks) > 7 else 0,
            switches=resource.getrusage(resource.RUSAGE_CHILDREN).ru_nivcsw,
            swapped=_counter("/proc/vmstat", "pswpin"),
            throttled=_counter("/sys/fs/cgroup/cpu.stat", "nr_throttled"),
        )

    def until(self, after: Snapshot, *, workload: str, block: int) -> Conditions:
        """Return what happened between two snapshots, and whether it spoils the block."""
        seconds = after.monotonic - self.monotonic
        slept = max(0.0, after.sleep_offset - self.sleep_offset)
        steal = (after.stolen - self.stolen) / max(1, after.ticks - self.ticks)
        swapped = after.swapped - self.swapped
        return Conditions(
            workload=workload,
            block=block,
            seconds=round(seconds, 3),
            load=round(os.getloadavg()[0], 2),
            steal_share=round(max(0.0, steal), 4),
            involuntary_switches=after.switches - self.switches,
            clock_step_seconds=round(after.wall_offset - self.wall_offset - slept, 3),
            slept_seconds=round(slept, 3),
            swapped_pages=swapped,
            throttled=after.throttled - self.throttled,
            dropped=_why_drop(slept, steal, swapped),
        )


def _why_drop(slept: float, steal: float, swapped: int) -> str:
    if slept > _SLEPT_SECONDS:
        return f"the machine slept for {slept:.0f} s"
    if steal > _STEAL_SHARE:
        return f"the hypervisor took {steal:.0%} of the processors"
    if swapped > _SWAPPED_PAGES:
        return f"{swapped} pages were swapped in"
    return ""


def _first_line(path: str) -> str:
    with suppress(OSError):
        return Path(path).read_text().partition("\n")[0]
    return ""


def _counter(path: str, name: str) -> int:
    with suppress(OSError, ValueError):
        for line in Path(path).read_text().splitlines():
            key, _, value = line.partition(" ")
            if key == name:
                return int(value)
    return 0
