"""Count how often each distinct line occurs, all of it in C, then look only at the distinct ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from cases.brc.rollup import Running, Summary, add, answer


def summarise(path: str) -> Summary:
    """Return (lowest, mean, highest, number) of every station's readings, in tenths; means ties go up."""
    with open(path, "rb") as file:
        return answer(folded(Counter(file)))


def folded(lines: Mapping[bytes, int]) -> dict[bytes, Running]:
    """Return every station's figures, given how often each line occurs."""
    stations: dict[bytes, Running] = {}
    for line, times in lines.items():
        station, _, reading = line.partition(b";")
        # one decimal, always: without its point the reading is the number of tenths
        tenths = int(reading.replace(b".", b""))
        add(stations, station, tenths, times * tenths, tenths, times)
    return stations
