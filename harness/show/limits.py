"""The table of a machine's limits: grouped, with units, and with what is to be doubted said beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.model.limited import Figure, Group, MachineLimits, Through
from harness.show import text

LABELS = {
    "read_bytes_per_second": "read",
    "copy_bytes_per_second": "copy",
    "random_access_seconds": "random access",
    "fma_per_second": "multiply-adds",
    "float_operations_per_second": "multiply-adds and additions",
    "word_operations_per_second": "64-bit integer operations",
    "call_seconds": "Python call",
    "c_call_seconds": "C call from Python",
    "bare_c_call_seconds": "C call from C",
    "system_call_seconds": "system call",
    "unboxed_seconds": "integer out of a list",
    "object_seconds": "new object into a list",
    "pickle_bytes_per_second": "pickle and back",
    "pickle_strings_bytes_per_second": "pickle and back",
    "file_read_bytes_per_second": "file read",
    "loopback_roundtrip_seconds": "loopback round trip",
    "fsync_seconds": "fsync",
    "process_start_seconds": "process start",
    "fork_seconds": "fork",
    "thread_start_seconds": "thread start",
    "parallel_capacity": "capacity",
    "fma_together_per_second": "multiply-adds together",
    "read_together_bytes_per_second": "read together",
}
_TITLES = {
    Group.MEMORY: "memory, one core, by working set",
    Group.ARITHMETIC: "arithmetic, one core, double precision and 64 bits",
    Group.CALLS: "calls and objects",
    Group.SYSTEM: "system",
    Group.STARTING: "starting",
    Group.PARALLEL: "parallel",
}
_RATE_UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_THROUGH = {Through.NUMPY: "through NumPy"}
_INDENT = "  "


def to_text(measured: MachineLimits, *, age_seconds: float | None, width: int = 100) -> str:
    """Return the whole table.

    Args:
        measured: the limits.
        age_seconds: how old they are, where they come from the cache; None: just measured.
        width: of the terminal, in columns; what is to be doubted goes onto a line of its own where it does not fit.
    """
    machine = measured.machine
    lines = [
        f"{text.clean(machine.cpu)}, {machine.cores} cores, {machine.architecture}, {machine.implementation} {machine.python}",
        _origin(measured, age_seconds),
        "best seen, and how far the median of the repetitions is from it",
    ]
    for group, title in _TITLES.items():
        figures = [figure for figure in measured.figures if figure.group is group]
        if figures:
            lines += ["", title, *_rows(figures, width)]
    for one in measured.missing:
        lines.append(f"not measured: {LABELS.get(one.name, one.name)}: {text.clean(one.reason)}")
    return "\n".join([*lines, "", verdict(measured)]) + "\n"


def verdict(measured: MachineLimits) -> str:
    """How many figures are to be doubted, in one sentence."""
    doubted = sum(figure.unstable for figure in measured.figures)
    told = len(measured.figures)
    if not doubted:
        return f"all {told} figures are stable"
    return f"{doubted} of {told} figures are unstable: other work ran meanwhile (load {measured.load:.1f} when it began), or the machine has several speeds"


def _origin(measured: MachineLimits, age_seconds: float | None) -> str:
    if age_seconds is None:
        return f"measured in {measured.seconds:.0f} s, load {measured.load:.1f} when it began"
    return f"from the cache: measured {measured.measured}, {age(age_seconds)} ago, load {measured.load:.1f} then (--fresh measures anew)"


def age(seconds: float) -> str:
    """How long ago, in the largest unit that fits."""
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return "less than a minute"


def _rows(figures: Sequence[Figure], width: int) -> Iterator[str]:
    cells = [
        (_label(figure), value(figure), text.share(figure.spread), _notes(figure))
        for figure in figures
    ]
    columns = [max(len(row[column]) for row in cells) for column in range(3)]
    for label, number, spread, notes in cells:
        line = f"{_INDENT}{label:<{columns[0]}}  {number:>{columns[1]}}  {spread:>{columns[2]}}"
        if notes and len(line) + 2 + len(notes) > width:
            yield line
            yield f"{_INDENT * 3}{notes}"
        else:
            yield f"{line}  {notes}".rstrip()


def _label(figure: Figure) -> str:
    parts = [LABELS.get(figure.name, figure.name)]
    if figure.workers is not None:
        parts.append(f"{figure.workers} worker{'s' if figure.workers > 1 else ''}")
    if figure.where:
        parts.append(figure.where)
    if figure.working_set_bytes is not None:
        parts.append(text.size(figure.working_set_bytes))
    return text.clean(", ".join(parts))


def value(figure: Figure) -> str:
    """The figure in its unit: 193 GB/s, 25.9 G/s, 1.23 ns, 1.9 of 2."""
    if figure.unit == "s":
        return text.seconds(figure.value)
    if figure.unit == "cores":
        return f"{figure.value:.2f} of {figure.workers}"
    scale, letter = next(
        ((scale, letter) for scale, letter in _RATE_UNITS if figure.value >= scale), (1.0, "")
    )
    number = figure.value / scale
    digits = (
        f"{number:.0f}"
        if number >= 99.5
        else f"{number:.1f}"
        if number >= 9.95
        else f"{number:.2f}"
    )
    return f"{digits} {letter}{'B/s' if figure.unit == 'bytes/s' else '/s'}"


def _notes(figure: Figure) -> str:
    said = [f"unstable: {figure.doubts}"] if figure.unstable else []
    said += [_THROUGH[figure.through]] if figure.through in _THROUGH else []
    return "; ".join(said)
