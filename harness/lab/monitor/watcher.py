"""Looks at a process tree through /proc: processor time, memory, switches, files, and what the machine's processors do."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.errors import AskedWrongly
from harness.lab.worker.cpu import descendants
from harness.model.watched import Reading, Throughput

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_START, _ZOMBIE = 19, "Z"
"""Places behind the command's name in /proc/<pid>/stat, proc(5)."""


@dataclass(frozen=True, slots=True)
class _Process:
    """What /proc says of one process."""

    cpu_ticks: int
    """Of itself and of the children it has reaped."""
    threads: int
    resident: int
    proportional: int | None
    switches: tuple[int, int] | None
    files: int | None
    moved: tuple[int, int] | None


class Watcher:
    """Looks at one tree again and again; sums that count since its beginning never fall, though processes end."""

    def __init__(
        self, pid: int, *, proc: Path = Path("/proc"), clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Watch ``pid`` and its descendants.

        Raises:
            AskedWrongly: there is no such process.
        """
        self.pid = pid
        self._proc = proc
        self._clock = clock
        self._born = self._birth()
        if self._born is None:
            raise AskedWrongly(
                f"there is no process {pid}",
                "name one that runs: --pid; or start it: python -m harness monitor -- COMMAND",
            )
        self._began = self._last = clock()
        self._cores = self._core_ticks()
        self._most = dict.fromkeys(("cpu", "voluntary", "involuntary", "read", "written"), 0)
        self._own = time.thread_time()

    @property
    def alive(self) -> bool:
        """Whether the root still runs, and is the one we began with: numbers of processes are used again."""
        return self._birth() == self._born

    def look(self, throughput: Throughput | None = None) -> Reading:
        """Read everything once."""
        now, cores = self._clock(), self._core_ticks()
        elapsed = now - self._last
        tree = [
            one
            for pid in (self.pid, *descendants(self.pid, str(self._proc)))
            if (one := self._process(pid)) is not None
        ]
        before, ticks = self._most["cpu"], self._greatest("cpu", sum(one.cpu_ticks for one in tree))
        own, self._own = time.thread_time() - self._own, time.thread_time()
        reading = Reading(
            seconds=round(now - self._began, 3),
            cores=tuple(_busy(old, new) for old, new in zip(self._cores, cores, strict=False)),
            steal=_steal(self._cores, cores),
            load=os.getloadavg()[0],
            processes=len(tree),
            threads=sum(one.threads for one in tree),
            cpu_seconds=ticks / _TICKS,
            cpu=(ticks - before) / _TICKS / elapsed if elapsed > 0 and before else 0.0,
            resident_bytes=sum(one.resident for one in tree),
            proportional_bytes=_total([one.proportional for one in tree]),
            voluntary_switches=self._sum_of(
                "voluntary", [one.switches and one.switches[0] for one in tree]
            ),
            involuntary_switches=self._sum_of(
                "involuntary", [one.switches and one.switches[1] for one in tree]
            ),
            open_files=_total([one.files for one in tree]),
            read_bytes=self._sum_of("read", [one.moved and one.moved[0] for one in tree]),
            written_bytes=self._sum_of("written", [one.moved and one.moved[1] for one in tree]),
            own_share=own / elapsed if elapsed > 0 else 0.0,
            throughput=throughput,
        )
        self._last, self._cores = now, cores
        return reading

    def _sum_of(self, name: str, values: list[int | None]) -> int | None:
        total = _total(values)
        return None if total is None else self._greatest(name, total)

    def _greatest(self, name: str, value: int) -> int:
        """A process that ends without being reaped takes its counts with it: a sum stays where it was then."""
        self._most[name] = max(self._most[name], value)
        return self._most[name]

    def _birth(self) -> int | None:
        fields = self._stat(self.pid)
        return None if fields is None or fields[0] == _ZOMBIE else int(fields[_START])

    def _stat(self, pid: int) -> list[str] | None:
        with suppress(OSError, ValueError):
            # the command's name may hold spaces and brackets: what counts begins behind the last one
            return (
                (self._proc / str(pid) / "stat")
                .read_text(errors="replace")
                .rpartition(")")[2]
                .split()
            )
        return None

    def _process(self, pid: int) -> _Process | None:
        fields = self._stat(pid)
        if fields is None or len(fields) < 22:
            return None
        folder = self._proc / str(pid)
        return _Process(
            cpu_ticks=sum(map(int, fields[11:15])),
            threads=int(fields[17]),
            resident=max(0, int(fields[21])) * _PAGE,
            proportional=_kilobytes(folder / "smaps_rollup", "Pss:"),
            switches=_pair(
                folder / "status", "voluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:"
            ),
            files=_entries(folder / "fd"),
            moved=_pair(folder / "io", "read_bytes:", "write_bytes:"),
        )

    def _core_ticks(self) -> list[list[int]]:
        """Ticks of each processor: user, nice, system, idle, iowait, irq, softirq, steal."""
        with suppress(OSError):
            lines = (self._proc / "stat").read_text().splitlines()
            return [
                [int(word) for word in line.split()[1:9]]
                for line in lines
                if line.startswith("cpu") and line[3:4].isdigit()
            ]
        return []


def watch(
    watcher: Watcher,
    interval: float,
    stop: threading.Event,
    throughput: Callable[[], Throughput | None] = lambda: None,
) -> Iterator[Reading]:
    """Look at once and then every ``interval`` seconds, until the tree's root has ended or somebody says stop; then once more."""
    while True:
        yield watcher.look(throughput())
        if stop.wait(interval) or not watcher.alive:
            break
    if watcher.alive:
        yield watcher.look(throughput())


def _busy(old: list[int], new: list[int]) -> float:
    gone = [after - before for before, after in zip(old, new, strict=False)]
    total = sum(gone)
    return min(1.0, max(0.0, 1 - (gone[3] + gone[4]) / total)) if total > 0 else 0.0


def _steal(old: list[list[int]], new: list[list[int]]) -> float | None:
    if not old or len(old[0]) < 8:
        return None
    gone = [
        [after - before for before, after in zip(one, other, strict=False)]
        for one, other in zip(old, new, strict=False)
    ]
    total = sum(map(sum, gone))
    return max(0.0, sum(one[7] for one in gone) / total) if total > 0 else 0.0


def _total(values: list[int | None]) -> int | None:
    """A sum with a part missing would be a wrong number."""
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None


def _kilobytes(file: Path, name: str) -> int | None:
    with suppress(OSError, ValueError):
        for line in file.read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
    return None


def _pair(file: Path, *names: str) -> tuple[int, int] | None:
    found: dict[str, int] = {}
    with suppress(OSError, ValueError):
        for line in file.read_text(errors="replace").splitlines():
            name, _, value = line.partition(":")
            if f"{name}:" in names:
                found[f"{name}:"] = int(value)
    return (found[names[0]], found[names[1]]) if len(found) == 2 else None


def _entries(folder: Path) -> int | None:
    with suppress(OSError):
        return len(os.listdir(folder))
    return None
