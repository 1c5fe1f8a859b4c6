"""CPU time of this process and all its descendants, to the nanosecond."""

from __future__ import annotations

import os
import resource
from contextlib import suppress

from harness.lab.worker.instruments import clock_ns, process_ns, thread_ns

_SCHED_CLOCK = 2


def tree_cpu_ns() -> int:
    """User plus system time of the whole tree: this process, its live descendants, and those it has reaped."""
    return process_ns() + children_cpu_ns()


def others_cpu_ns() -> int:
    """The same without the calling thread."""
    return process_ns() - thread_ns() + children_cpu_ns()


def busy_ns() -> int:
    """CPU time of the calling thread, and what it waited for a processor that others had."""
    waited = 0
    with suppress(OSError, ValueError, IndexError), open("/proc/thread-self/schedstat") as file:
        waited = int(file.read().split()[1])
    return thread_ns() + waited


def children_cpu_ns() -> int:
    """The same without this process."""
    reaped = resource.getrusage(resource.RUSAGE_CHILDREN)
    return int((reaped.ru_utime + reaped.ru_stime) * 1e9) + sum(
        _cpu_ns(pid) for pid in descendants()
    )


def descendants(root: int | None = None, proc: str = "/proc") -> list[int]:
    """Process ids of all live descendants of ``root`` (None: this process), from the kernel's own lists."""
    found: list[int] = []
    waiting = [os.getpid() if root is None else root]
    while waiting:
        children = _children(waiting.pop(), proc)
        found += children
        waiting += children
    return found


def _children(pid: int, proc: str) -> list[int]:
    children: list[int] = []
    with suppress(OSError):
        for task in os.listdir(f"{proc}/{pid}/task"):
            with (
                suppress(OSError),
                open(f"{proc}/{pid}/task/{task}/children", encoding="ascii") as file,
            ):
                children += map(int, file.read().split())
    return children


def _cpu_ns(pid: int) -> int:
    # the kernel encodes another process's CPU clock in the clock id: CPUCLOCK_SCHED of ~pid
    with suppress(OSError):
        return clock_ns((~pid << 3) | _SCHED_CLOCK)
    return 0
