"""A pipeline of generators: lines, readings, running figures; one row in memory at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cases.brc.rollup import Running, Summary, add, answer


def summarise(path: str) -> Summary:
    """Return (lowest, mean, highest, number) of every station's readings, in tenths; means ties go up."""
    return answer(running_figures(readings(lines(path))))


def lines(path: str) -> Iterator[bytes]:
    """Yield the lines of a file."""
    with open(path, "rb") as file:
        yield from file


def readings(rows: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
    """Yield station and tenths of each line."""
    for row in rows:
        station, _, reading = row.partition(b";")
        yield station, int(reading.replace(b".", b""))


def running_figures(pairs: Iterable[tuple[bytes, int]]) -> dict[bytes, Running]:
    """Fold the readings as they come by."""
    stations: dict[bytes, Running] = {}
    for station, tenths in pairs:
        add(stations, station, tenths, tenths, tenths, 1)
    return stations
