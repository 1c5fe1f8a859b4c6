"""What one call needs: high-water mark of the resident set, and traced allocations, in a pass of their own."""

from __future__ import annotations

import ctypes
import threading
import tracemalloc
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from harness.lab.worker.copies import Originals
from harness.lab.worker.cpu import descendants
from harness.lab.worker.instruments import collect, now

if TYPE_CHECKING:
    from harness.lab.worker.subject import Subject

_TRACED_CALL_NS = 200_000_000
"""Tracing costs up to five times: longer calls are not traced (None, not 0)."""
_MOST_TRACED_BYTES = 64 << 20


def measure(subject: Subject, originals: Originals) -> dict[str, int | None]:
    """Call twice: once under the resident set's high-water mark, once under tracemalloc."""
    arguments = originals.fresh()
    collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    with _Tree() as tree:
        before = _reset_high_water()
        started = now()
        answer = subject.call(arguments)
        elapsed = now() - started
        own = max(0, _status("VmHWM") - before) if before else None
    del answer, arguments
    peak = None if own is None else own + tree.peak_bytes
    traced, blocks = _traced(subject, originals) if elapsed < _TRACED_CALL_NS else (None, None)
    return {"peak_bytes": peak, "traced_peak_bytes": traced, "blocks": blocks, "call_ns": elapsed}


def _traced(subject: Subject, originals: Originals) -> tuple[int | None, int | None]:
    arguments = originals.fresh()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        answer = subject.call(arguments)
        now_, peak = tracemalloc.get_traced_memory()
        blocks = len(tracemalloc.take_snapshot().traces) if now_ < _MOST_TRACED_BYTES else None
        del answer
    finally:
        tracemalloc.stop()
    return max(0, peak - before), blocks


def _reset_high_water() -> int:
    """Reset this process's VmHWM; return the resident bytes now, 0 where the kernel does not let us."""
    try:
        with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
            file.write("5")
    except OSError:
        return 0
    return _status("VmRSS")


def _status(field: str) -> int:
    with suppress(OSError), open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    return 0


class _Tree:
    """Watches what the descendants have of their own while the call runs: pages shared with the parent count there."""

    def __enter__(self) -> Self:
        self.peak_bytes = 0
        self._base = self._descendants_bytes()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._look()
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.003):
            self._look()

    def _look(self) -> None:
        self.peak_bytes = max(self.peak_bytes, self._descendants_bytes() - self._base)

    def _descendants_bytes(self) -> int:
        return sum(_own_bytes(pid) for pid in descendants())


_OWN = ("Private_Clean:", "Private_Dirty:", "Pss_Shmem:")


def _own_bytes(pid: int) -> int:
    with suppress(OSError), open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return sum(int(line.split()[1]) * 1024 for line in file if line.startswith(_OWN))
    return 0
