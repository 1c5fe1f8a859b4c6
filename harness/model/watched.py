"""What a process tree and its machine do while somebody watches."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Throughput:
    """How far a run has come."""

    blocks: int
    samples: int
    calls: int


@dataclass(frozen=True, slots=True)
class Reading:
    """One look; None: the kernel would not say.  What is counted since the tree began keeps growing."""

    seconds: float
    """Since watching began."""
    cores: tuple[float, ...]
    """Share of each processor that was busy since the last look, whoever used it."""
    steal: float | None
    """Share of processor time the hypervisor gave to others since the last look."""
    load: float
    """One-minute load average."""
    processes: int
    threads: int
    cpu_seconds: float
    """User and system time of the tree, the reaped included."""
    cpu: float
    """Processors' worth that the tree used since the last look: 1.5 is one and a half."""
    resident_bytes: int
    """Sum over the tree; what processes share is counted in each."""
    proportional_bytes: int | None
    """Sum over the tree; what is shared is counted once."""
    voluntary_switches: int | None
    involuntary_switches: int | None
    open_files: int | None
    read_bytes: int | None
    """From the disk, by processes that live."""
    written_bytes: int | None
    own_share: float
    """Share of one processor that watching itself took."""
    throughput: Throughput | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """Readings from a file."""

    started: str
    """UTC, ISO 8601."""
    interval_seconds: float
    cores: int
    readings: tuple[Reading, ...]
    cut: bool = False
    """The last line was not whole: whoever wrote it was stopped."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A recording in one look."""

    seconds: float
    cpu_seconds: float
    mean_cpu: float
    """Processors' worth over the whole time."""
    peak_cpu: float
    peak_resident_bytes: int
    peak_proportional_bytes: int | None
    most_processes: int
    voluntary_switches: int | None
    involuntary_switches: int | None
    read_bytes: int | None
    written_bytes: int | None


def watched(readings: tuple[Reading, ...]) -> Watched | None:
    """Sum readings up; None without any."""
    if not readings:
        return None
    first, last = readings[0], readings[-1]
    elapsed = last.seconds - first.seconds
    shared = [one.proportional_bytes for one in readings if one.proportional_bytes is not None]
    return Watched(
        seconds=last.seconds,
        cpu_seconds=last.cpu_seconds,
        mean_cpu=(last.cpu_seconds - first.cpu_seconds) / elapsed if elapsed > 0 else 0.0,
        peak_cpu=max(one.cpu for one in readings),
        peak_resident_bytes=max(one.resident_bytes for one in readings),
        peak_proportional_bytes=max(shared, default=None),
        most_processes=max(one.processes for one in readings),
        voluntary_switches=_most([one.voluntary_switches for one in readings]),
        involuntary_switches=_most([one.involuntary_switches for one in readings]),
        read_bytes=_most([one.read_bytes for one in readings]),
        written_bytes=_most([one.written_bytes for one in readings]),
    )


def _most(values: list[int | None]) -> int | None:
    return max((value for value in values if value is not None), default=None)
