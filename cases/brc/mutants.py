"""Slips a colleague could make.  Every one of them must be refused."""

from __future__ import annotations

from cases.brc.naive import summarise as right
from cases.brc.rollup import Summary


def _mean(total: int, rows: int) -> int:
    """The rule: halves go up."""
    return (2 * total + rows) // (2 * rows)


def _readings(path: str) -> dict[str, list[int]]:
    readings: dict[str, list[int]] = {}
    with open(path, encoding="utf-8", newline="\n") as file:
        for line in file:
            name, value = line.rstrip("\n").split(";")
            readings.setdefault(name, []).append(round(float(value) * 10))
    return readings


def _summary(readings: dict[str, list[int]]) -> Summary:
    return {name: (min(t), _mean(sum(t), len(t)), max(t), len(t)) for name, t in readings.items()}


def last_row_lost(path: str) -> Summary:
    """A file without a final newline loses its last row."""
    readings: dict[str, list[int]] = {}
    with open(path, encoding="utf-8", newline="") as file:
        for line in file.read().split("\n")[:-1]:
            name, value = line.split(";")
            readings.setdefault(name, []).append(round(float(value) * 10))
    return _summary(readings)


def rounded_to_even(path: str) -> Summary:
    """Python's round(): halves go to the even neighbour."""
    return {name: (min(t), round(sum(t) / len(t)), max(t), len(t)) for name, t in _readings(path).items()}


def rounded_towards_zero(path: str) -> Summary:
    """int() cuts the mean."""
    return {name: (min(t), int(sum(t) / len(t)), max(t), len(t)) for name, t in _readings(path).items()}


def maximum_starts_at_zero(path: str) -> Summary:
    """A station that is always below zero has a maximum of 0."""
    return {name: (low, mean, max(high, 0), rows) for name, (low, mean, high, rows) in right(path).items()}


def minus_before_zero_lost(path: str) -> Summary:
    """Whole and tenth are parsed apart: -0.5 becomes +0.5."""
    readings: dict[str, list[int]] = {}
    with open(path, encoding="utf-8", newline="\n") as file:
        for line in file:
            name, value = line.rstrip("\n").split(";")
            whole, tenth = value.split(".")
            number = int(whole)
            readings.setdefault(name, []).append(number * 10 + (int(tenth) if number >= 0 else -int(tenth)))
    return _summary(readings)


def names_by_first_eight_bytes(path: str) -> Summary:
    """A hash of the first eight bytes is taken for the name."""
    longest: dict[bytes, str] = {}
    readings: dict[str, list[int]] = {}
    for name, tenths in _readings(path).items():
        readings.setdefault(longest.setdefault(name.encode()[:8], name), []).extend(tenths)
    return _summary(readings)


def names_stripped(path: str) -> Summary:
    """Names are stripped and lower-cased on the way."""
    readings: dict[str, list[int]] = {}
    for name, tenths in _readings(path).items():
        readings.setdefault(name.strip().lower(), []).extend(tenths)
    return _summary(readings)


def degrees_as_floats(path: str) -> object:
    """Degrees as floats: the right numbers in another unit and type."""
    return {name: (low / 10, mean / 10, high / 10, rows) for name, (low, mean, high, rows) in right(path).items()}


def mean_of_chunk_means(path: str) -> Summary:
    """Two halves are averaged without their weights."""
    summary = {}
    for name, tenths in _readings(path).items():
        half = (len(tenths) + 1) // 3 or 1
        parts = [part for part in (tenths[:half], tenths[half:]) if part]
        mean = sum(_mean(sum(part), len(part)) for part in parts)
        summary[name] = (min(tenths), _mean(mean, len(parts)), max(tenths), len(tenths))
    return summary


def once_per_distinct_line(path: str) -> Summary:
    """Equal lines are counted once."""
    with open(path, "rb") as file:
        lines = sorted({line.rstrip(b"\n") for line in file})
    readings: dict[str, list[int]] = {}
    for line in lines:
        name, _, value = line.decode().partition(";")
        readings.setdefault(name, []).append(round(float(value) * 10))
    return _summary(readings)
