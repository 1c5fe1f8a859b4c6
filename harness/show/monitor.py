"""What a watched tree does, as a view for a terminal, a line for a log, a summary, and OpenMetrics text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from harness.show import text

if TYPE_CHECKING:
    from harness.model.watched import Reading, Watched

_BAR = 20
_HISTORY = 40
_TICKS = "▁▂▃▄▅▆▇█"


def view(title: str, readings: Sequence[Reading], *, width: int = 80) -> list[str]:
    """The lines of the live view, none longer than ``width``; the last reading is the newest."""
    if not readings:
        return [text.clean(title)[:width]]
    now = readings[-1]
    lines = [
        f"{text.clean(title)}   {now.seconds:.0f} s   load {now.load:.1f}   steal {_share(now.steal)}",
        *_cores(now.cores, width),
        f"cpu      {now.cpu:5.2f} cores  {_history([one.cpu for one in readings])}  {now.cpu_seconds:.1f} s in all",
        f"memory   {_memory(now)}  {_history([float(one.proportional_bytes or one.resident_bytes) for one in readings])}",
        f"switches {_count(_rate(readings, 'voluntary_switches'))}/s waited, {_count(_rate(readings, 'involuntary_switches'))}/s pushed aside",
        f"tree     {now.processes} processes, {now.threads} threads, {_count(now.open_files)} open files",
        f"disk     read {_bytes(now.read_bytes)}, written {_bytes(now.written_bytes)}",
    ]
    if now.throughput is not None:
        lines.append(
            f"run      {now.throughput.blocks} blocks, {_count(now.throughput.samples)} samples, {_count(now.throughput.calls)} calls"
        )
    lines.append(f"(watching itself takes {now.own_share:.1%} of one core)")
    return [line[:width] for line in lines]


def line(now: Reading) -> str:
    """One plain line, for a log or a terminal that knows no more."""
    busy = " ".join(f"{core:.0%}" for core in now.cores)
    run = (
        f"  {now.throughput.blocks} blocks {now.throughput.samples} samples"
        if now.throughput
        else ""
    )
    return f"{now.seconds:7.1f} s  cpu {now.cpu:.2f}  cores {busy}  memory {_memory(now)}  {now.processes} processes{run}"


def summary(found: Watched) -> list[str]:
    """A recording in one screen."""
    return [
        f"watched {found.seconds:.1f} s: {found.cpu_seconds:.2f} s of processor time, {found.mean_cpu:.2f} cores on average, {found.peak_cpu:.2f} at most",
        f"memory at most {text.size(found.peak_resident_bytes)} resident, {_bytes(found.peak_proportional_bytes)} with shared pages counted once",
        f"at most {found.most_processes} processes; {_count(found.voluntary_switches)} switches waited, {_count(found.involuntary_switches)} pushed aside",
        f"read {_bytes(found.read_bytes)}, written {_bytes(found.written_bytes)}",
    ]


def _cores(cores: Sequence[float], width: int) -> Iterable[str]:
    """A bar for each processor, two in a line where there is room."""
    bars = [
        f"core {number:<3} {'█' * round(busy * _BAR):<{_BAR}} {busy:4.0%}"
        for number, busy in enumerate(cores)
    ]
    each = max(1, width // (len(bars[0]) + 3)) if bars else 1
    return ("   ".join(bars[place : place + each]) for place in range(0, len(bars), each))


def _history(values: Sequence[float]) -> str:
    """The newest values as a line of ticks, from nought to the largest."""
    newest, most = values[-_HISTORY:], max(values, default=0.0)
    return "".join(
        _TICKS[min(len(_TICKS) - 1, int(value / most * len(_TICKS)))] if most > 0 else _TICKS[0]
        for value in newest
    )


def _rate(readings: Sequence[Reading], name: str) -> int | None:
    if len(readings) < 2:
        return None
    old, new = (getattr(reading, name) for reading in readings[-2:])
    elapsed = readings[-1].seconds - readings[-2].seconds
    return None if old is None or new is None or elapsed <= 0 else round((new - old) / elapsed)


def _memory(now: Reading) -> str:
    return (
        text.size(now.resident_bytes)
        if now.proportional_bytes is None
        else f"{text.size(now.proportional_bytes)} (shared once)"
    )


def _bytes(value: int | None) -> str:
    return "unknown" if value is None else text.size(value) if value else "0 B"


def _count(value: int | None) -> str:
    return "?" if value is None else f"{value:,}".replace(",", " ")


def _share(value: float | None) -> str:
    return "?" if value is None else f"{value:.1%}"


_METRICS = (
    ("perflab_tree_cpu_seconds", "counter", "seconds", "User and system time of the tree, the reaped included.", "cpu_seconds"),
    ("perflab_tree_cores", "gauge", "", "Processors' worth used since the last look.", "cpu"),
    ("perflab_tree_resident_bytes", "gauge", "bytes", "Resident memory, shared pages counted in each process.", "resident_bytes"),
    ("perflab_tree_proportional_bytes", "gauge", "bytes", "Resident memory, shared pages counted once.", "proportional_bytes"),
    ("perflab_tree_processes", "gauge", "", "Processes that live.", "processes"),
    ("perflab_tree_threads", "gauge", "", "Their threads.", "threads"),
    ("perflab_tree_open_files", "gauge", "", "Their open files.", "open_files"),
    ("perflab_tree_voluntary_switches", "counter", "", "Context switches for which the tree waited.", "voluntary_switches"),
    ("perflab_tree_involuntary_switches", "counter", "", "Context switches for which the tree was pushed aside.", "involuntary_switches"),
    ("perflab_tree_read_bytes", "counter", "bytes", "Read from the disk.", "read_bytes"),
    ("perflab_tree_written_bytes", "counter", "bytes", "Written to the disk.", "written_bytes"),
    ("perflab_machine_load", "gauge", "", "One-minute load average.", "load"),
    ("perflab_machine_steal_ratio", "gauge", "ratio", "Share of processor time the hypervisor gave to others.", "steal"),
    ("perflab_monitor_cores", "gauge", "", "Processors' worth that watching takes.", "own_share"),
)  # fmt: skip


def openmetrics(now: Reading | None) -> str:
    """The newest look as OpenMetrics 1.0 text; what the kernel would not say is left out, never nought."""
    lines: list[str] = []
    for name, kind, unit, words, attribute in _METRICS:
        value = None if now is None else getattr(now, attribute)
        if value is not None:
            lines += _family(name, kind, unit, words, [("", float(value))])
    if now is not None and now.cores:
        values = [(f'{{core="{number}"}}', busy) for number, busy in enumerate(now.cores)]
        lines += _family(
            "perflab_machine_core_busy_ratio",
            "gauge",
            "ratio",
            "Share of a processor that was busy.",
            values,
        )
    if now is not None and now.throughput is not None:
        for part in ("blocks", "samples", "calls"):
            value = float(getattr(now.throughput, part))
            lines += _family(
                f"perflab_run_{part}", "counter", "", f"Measured {part} so far.", [("", value)]
            )
    return "\n".join([*lines, "# EOF", ""])


def _family(
    name: str, kind: str, unit: str, words: str, values: Sequence[tuple[str, float]]
) -> list[str]:
    suffix = "_total" if kind == "counter" else ""
    described = [
        f"# TYPE {name} {kind}",
        *([f"# UNIT {name} {unit}"] if unit else []),
        f"# HELP {name} {words}",
    ]
    return described + [f"{name}{suffix}{labels} {value:.10g}" for labels, value in values]
