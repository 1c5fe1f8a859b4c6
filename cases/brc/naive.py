"""Read line by line, keep all readings of a station in a list, and look at the lists at the end."""

from __future__ import annotations


def summarise(path: str) -> dict[str, tuple[int, int, int, int]]:
    """Return (lowest, mean, highest, number) of every station's readings, in tenths; means ties go up."""
    readings: dict[str, list[int]] = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            station, reading = line.split(";")
            readings.setdefault(station, []).append(round(10 * float(reading)))
    return {station: (min(tenths), rounded_mean(tenths), max(tenths), len(tenths)) for station, tenths in readings.items()}


def rounded_mean(tenths: list[int]) -> int:
    """Return floor(mean + 1/2), without ever leaving the integers."""
    return (2 * sum(tenths) + len(tenths)) // (2 * len(tenths))
