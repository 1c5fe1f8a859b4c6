"""What the variants share: the running figures of a station, and the answer made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

Summary: TypeAlias = dict[str, tuple[int, int, int, int]]
"""Station: (lowest, mean, highest, number), readings in tenths of a degree."""
Running: TypeAlias = list[int]
"""[lowest, total, highest, number] so far."""


def answer(stations: Mapping[bytes, Running]) -> Summary:
    """Return the answer: names as text, totals as means; the mean is floor(total / number + 1/2)."""
    return {
        station.decode(): (lowest, (2 * total + number) // (2 * number), highest, number)
        for station, (lowest, total, highest, number) in stations.items()
    }


def merged(parts: Iterable[Mapping[bytes, Running]]) -> dict[bytes, Running]:
    """Put the figures of several parts of one file together."""
    whole: dict[bytes, Running] = {}
    for part in parts:
        for station, (lowest, total, highest, number) in part.items():
            add(whole, station, lowest, total, highest, number)
    return whole


def add(stations: dict[bytes, Running], station: bytes, lowest: int, total: int, highest: int, number: int) -> None:
    """Add ``number`` readings to a station's figures."""
    running = stations.get(station)
    if running is None:
        stations[station] = [lowest, total, highest, number]
        return
    if lowest < running[0]:  # noqa: PLR1730  a comparison costs less than a call
        running[0] = lowest
    running[1] += total
    if highest > running[2]:  # noqa: PLR1730
        running[2] = highest
    running[3] += number
