"""Slips a colleague could make.  Every one of them must be refused."""

from __future__ import annotations

import math
import os
import unicodedata

from cases.brc.naive import rounded_mean
from cases.brc.naive import summarise as right
from cases.brc.rollup import Summary


def _readings_of(text: str) -> dict[str, list[int]]:
    """Parse rightly what the mutants then treat wrongly."""
    readings: dict[str, list[int]] = {}
    for line in text.split("\n"):
        if line:
            station, reading = line.split(";")
            readings.setdefault(station, []).append(round(10 * float(reading)))
    return readings


def _text_of(path: str) -> str:
    """Return the whole file."""
    with open(path, encoding="utf-8") as file:
        return file.read()


def _summary_of(readings: dict[str, list[int]]) -> Summary:
    """Summarise rightly."""
    return {station: (min(tenths), rounded_mean(tenths), max(tenths), len(tenths)) for station, tenths in readings.items()}


def last_row_lost(path: str) -> Summary:
    """What follows the last newline is thrown away, and the last line need not have one."""
    return _summary_of(_readings_of(_text_of(path).rpartition("\n")[0]))


def mean_cut_off(path: str) -> Summary:
    """int() cuts the mean towards zero."""
    return {name: (low, int(sum(t) / n), high, n) for name, t, (low, _, high, n) in _beside(path)}


def ties_to_even(path: str) -> Summary:
    """round() takes ties to the even neighbour."""
    return {name: (low, round(sum(t) / n), high, n) for name, t, (low, _, high, n) in _beside(path)}


def ties_away_from_zero(path: str) -> Summary:
    """The rule of the schoolbook: right above zero, wrong below."""
    return {name: (low, _away(sum(t), n), high, n) for name, t, (low, _, high, n) in _beside(path)}


def _away(total: int, n: int) -> int:
    magnitude = (2 * abs(total) + n) // (2 * n)
    return magnitude if total > 0 else -magnitude


def ties_down(path: str) -> Summary:
    """Ties go towards the colder tenth."""
    return {name: (low, -((-2 * sum(t) + n) // (2 * n)), high, n) for name, t, (low, _, high, n) in _beside(path)}


def summed_in_degrees(path: str) -> Summary:
    """Doubles of degrees are summed and rounded at the end: a tie is missed by a hair."""
    return {name: (low, math.floor(10 * sum(x / 10 for x in t) / n + 0.5), high, n) for name, t, (low, _, high, n) in _beside(path)}


def mean_of_halves(path: str) -> Summary:
    """Two chunks' means are averaged, whatever the chunks weigh."""
    summary = {}
    for name, t, (low, _, high, n) in _beside(path):
        parts = [t[: n // 3], t[n // 3 :]] if n > 2 else [t]
        mean = rounded_mean([rounded_mean(part) for part in parts])
        summary[name] = (low, mean, high, n)
    return summary


def sign_of_zero_lost(path: str) -> Summary:
    """Degrees and tenths are parsed apart: the -0 of -0.5 has no sign."""
    readings: dict[str, list[int]] = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            station, reading = line.split(";")
            degrees, tenths = map(int, reading.split("."))
            readings.setdefault(station, []).append(10 * degrees + (-tenths if degrees < 0 else tenths))
    return _summary_of(readings)


def highest_begins_at_zero(path: str) -> Summary:
    """A station that never thaws has a highest reading of 0."""
    return {name: (low, mean, max(0, high), n) for name, (low, mean, high, n) in right(path).items()}


def first_reading_is_no_record(path: str) -> Summary:
    """`elif` where both must be asked: the first reading becomes the lowest only."""
    summary = {}
    for name, t, (low, mean, _, n) in _beside(path):
        lowest, highest = 1000, -1000
        for tenths in t:
            if tenths < lowest:
                lowest = tenths
            elif tenths > highest:
                highest = tenths
        summary[name] = (low, mean, highest, n)
    return summary


def names_by_sixteen_bytes(path: str) -> Summary:
    """The hash table compares the first sixteen bytes and forgets the rest."""
    known: dict[bytes, str] = {}
    readings: dict[str, list[int]] = {}
    for name, tenths in _readings_of(_text_of(path)).items():
        readings.setdefault(known.setdefault(name.encode()[:16], name), []).extend(tenths)
    return _summary_of(readings)


def names_by_hash(path: str) -> Summary:
    """Equal hashes are taken for equal names; the hash (a sum of bytes) does not see their order."""
    known: dict[int, str] = {}
    readings: dict[str, list[int]] = {}
    for name, tenths in _readings_of(_text_of(path)).items():
        readings.setdefault(known.setdefault(sum(name.encode()), name), []).extend(tenths)
    return _summary_of(readings)


def names_stripped(path: str) -> Summary:
    """strip() takes blanks off the names as well as the newline off the line."""
    return _summary_of(_readings_of("\n".join(line.strip() for line in _text_of(path).split("\n"))))


def names_normalised(path: str) -> Summary:
    """Composed and decomposed letters become one station."""
    return _summary_of(_readings_of(unicodedata.normalize("NFC", _text_of(path))))


def cut_between_lines_or_not(path: str) -> Summary:
    """The file is cut in the middle of its bytes: the row that lies across the cut is skipped by both halves."""
    with open(path, "rb") as file:
        data = file.read()
    middle = len(data) // 2
    first, second = data[: data.rfind(b"\n", 0, middle) + 1], data[data.find(b"\n", middle) + 1 :]
    return _summary_of(_readings_of((first + second).decode()))


def lines_split_by_unicode(path: str) -> Summary:
    """str.splitlines() takes U+2028 for the end of a line too."""
    readings: dict[str, list[int]] = {}
    for line in _text_of(path).splitlines():
        station, _, reading = line.partition(";")
        readings.setdefault(station, []).append(round(10 * float(reading or 0)))
    return _summary_of(readings)


def distinct_lines_counted_once(path: str) -> Summary:
    """A set where a Counter belongs."""
    return _summary_of(_readings_of("\n".join(dict.fromkeys(_text_of(path).split("\n")))))


def stations_beyond_a_thousand_lost(path: str) -> Summary:
    """The table does not grow: what finds no slot is dropped."""
    return dict(list(right(path).items())[:1000])


def names_by_their_hash(path: str) -> Summary:
    """Equal hashes are taken for equal names: the hash of the C kernel, before it had a secret, and names chosen for it."""
    known: dict[int, str] = {}
    readings: dict[str, list[int]] = {}
    for name, tenths in _readings_of(_text_of(path)).items():
        first, second = (int.from_bytes(name.encode()[at : at + 8], "little") for at in (0, 8))
        turned = (second << 29 | second >> 35) % 2**64
        readings.setdefault(known.setdefault((first ^ turned) * 0x9E3779B97F4A7C15 % 2**64, name), []).extend(tenths)
    return _summary_of(readings)


def names_hashed_at_both_ends(path: str) -> Summary:
    """A hash that skips the middle of long names, and is believed."""
    known: dict[bytes, str] = {}
    readings: dict[str, list[int]] = {}
    for name, tenths in _readings_of(_text_of(path)).items():
        letters = name.encode()
        readings.setdefault(known.setdefault(letters[:16] + letters[-16:] if len(letters) > 32 else letters, name), []).extend(tenths)
    return _summary_of(readings)


def last_page_read_to_its_end(path: str) -> Summary:
    """The file is read as whole pages, as a mapping shows it: zeros follow the last row that has no newline."""
    text = _text_of(path)
    if not text or text.endswith("\n") or len(text.encode()) % 4096 == 0:
        return right(path)
    return {**right(path), "\0": (-1068, -1068, -1068, 1)}


def full_pages_lose_their_last_row(path: str) -> Summary:
    """The loop looks one byte ahead for the last row's end: where a page ends there, it gives up."""
    text = _text_of(path)
    if len(text.encode()) % 4096 or text.endswith("\n") or not text:
        return right(path)
    return _summary_of(_readings_of(text.rpartition("\n")[0]))


_seen: dict[int, Summary] = {}


def remembered_by_size(path: str) -> Summary:
    """A stale cache: files of one size are taken for one file."""
    return _seen.setdefault(os.path.getsize(path), right(path))


def in_degrees(path: str) -> dict[str, tuple[float, float, float, int]]:
    """Floats of degrees: the right numbers in another unit and type."""
    return {name: (low / 10, mean / 10, high / 10, n) for name, (low, mean, high, n) in right(path).items()}


def in_lists(path: str) -> dict[str, list[int]]:
    """A list is no tuple."""
    return {name: list(figures) for name, figures in right(path).items()}


def _beside(path: str) -> list[tuple[str, list[int], tuple[int, int, int, int]]]:
    """Return every station's name, readings and right figures."""
    readings = _readings_of(_text_of(path))
    figures = _summary_of(readings)
    return [(name, tenths, figures[name]) for name, tenths in readings.items()]
