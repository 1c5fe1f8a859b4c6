"""What all ways of counting share at the end: one rule of rounding, and cutting a file at line ends."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence

Summary = dict[str, tuple[int, int, int, int]]
"""Station -> (min, mean, max, rows); temperatures in tenths of a degree, the mean rounded half up."""


def rounded_mean(total: int, rows: int) -> int:
    """Return total / rows in whole tenths, halves upwards (towards the warm), without any float."""
    return (2 * total + rows) // (2 * rows)


def finished(stations: Mapping[bytes, Sequence[int]]) -> Summary:
    """Turn name -> (min, max, sum, rows) into the answer."""
    return {name.decode(): (low, rounded_mean(total, rows), high, rows) for name, (low, high, total, rows) in stations.items()}


def merged(parts: Iterable[Mapping[bytes, Sequence[int]]]) -> dict[bytes, Sequence[int]]:
    """Join what was counted apart."""
    stations: dict[bytes, Sequence[int]] = {}
    for part in parts:
        for name, (low, high, total, rows) in part.items():
            seen = stations.get(name)
            stations[name] = (
                (low, high, total, rows) if seen is None else (min(low, seen[0]), max(high, seen[1]), total + seen[2], rows + seen[3])
            )
    return stations


def cuts(path: str, parts: int) -> list[tuple[int, int]]:
    """Cut a file into about so many pieces, each of which ends with a line."""
    size = os.path.getsize(path)
    starts = [0]
    with open(path, "rb") as file:
        for part in range(1, parts):
            file.seek(max(starts[-1], size * part // parts))
            file.readline()
            starts.append(min(file.tell(), size))
    return [(start, stop) for start, stop in zip(starts, [*starts[1:], size], strict=True) if start < stop]
