"""The loop over the bytes in Python, with a hash table of its own, compiled at the first call."""

from __future__ import annotations

import os

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cases.brc.refusal import refuse
from cases.brc.rollup import Summary, answer
from cases.brc.secrets import secrets

Bytes = NDArray[np.uint8]
Table = NDArray[np.int64]

FIRST_SLOTS = 2048
LONGEST_NAME = 100
BEGIN, LENGTH, LOWEST, TOTAL, HIGHEST, NUMBER, HASH, COLUMNS = range(8)
"""The columns of a table; BEGIN and LENGTH say where in the file the name stands.  NUMBER 0: the slot is free."""


def summarise(path: str) -> Summary:
    """Return (lowest, mean, highest, number) of every station's readings, in tenths; means ties go up.

    Raises:
        ValueError: a row is none.
    """
    # mapped, not read: the pages are in memory once already; but nothing cannot be mapped
    data = np.asarray(np.memmap(path, dtype=np.uint8, mode="r")) if os.path.getsize(path) else np.empty(0, dtype=np.uint8)
    # handed over, since compiled code that is kept on disk would keep a global's value, too
    table, odd = counted(data, *SECRETS)
    if odd:
        refuse(data.tobytes())
    stations = table[table[:, NUMBER] > 0].tolist()
    return answer({data[begin : begin + length].tobytes(): figures for begin, length, *figures, _ in stations})


SECRETS = tuple(np.array([number | 1 for number in secrets(2)], dtype=np.uint64))
"""Where the hash begins, and what it is multiplied with: odd, so that no bit is lost."""


@njit(cache=True)
def counted(data: Bytes, start: np.uint64, factor: np.uint64) -> tuple[Table, bool]:
    """Return the table of all stations, at most a quarter of it in use, and whether a row was none, where it ends.

    Nothing is read that does not lie in the data: an array's end is the end of a mapped file, and there may be nothing behind it.
    """
    table = np.zeros((FIRST_SLOTS, COLUMNS), dtype=np.int64)
    used, at = 0, 0
    while at < len(data):
        begin = at
        mixed = start
        while at < len(data) and data[at] != 59 and data[at] != 10:  # ; and the line's end
            mixed = (mixed ^ np.uint64(data[at])) * factor
            at += 1
        length = at - begin
        if length == 0 or length > LONGEST_NAME or at + 4 > len(data) or data[at] != 59:  # the shortest reading is 1.2
            return table, True
        negative = data[at + 1] == 45  # -
        at += 2 if negative else 1
        end = min(at + 5, len(data))
        tenths, digits = np.int64(0), 0
        while at < end and 48 <= data[at] <= 57:
            tenths = 10 * tenths + np.int64(data[at]) - 48
            digits += 1
            at += 1
        if digits not in (1, 2) or at + 2 > len(data) or data[at] != 46 or not 48 <= data[at + 1] <= 57:
            return table, True
        tenths = 10 * tenths + np.int64(data[at + 1]) - 48
        tenths = -tenths if negative else tenths
        at += 2
        if at < len(data) and data[at] != 10:
            return table, True
        at += 1
        # a product's upper half depends on all bytes, its lowest bits on the last few only
        mixed = (mixed ^ mixed >> np.uint64(32)) * factor
        hashed = np.int64(mixed >> np.uint64(32))
        slot = place(data, table, begin, length, hashed)
        station = table[slot]
        if station[NUMBER] == 0:
            used += 1
            if 4 * used > len(table):
                table = doubled(table)
                slot = place(data, table, begin, length, hashed)
                station = table[slot]
            station[BEGIN], station[LENGTH], station[HASH] = begin, length, hashed
            station[LOWEST], station[HIGHEST] = tenths, tenths
        station[LOWEST] = min(station[LOWEST], tenths)
        station[HIGHEST] = max(station[HIGHEST], tenths)
        station[TOTAL] += tenths
        station[NUMBER] += 1
    return table, False


@njit(cache=True)
def place(data: Bytes, table: Table, begin: int, length: int, hashed: np.int64) -> np.int64:
    """Return the slot of that name, or the free one where it belongs."""
    slot = hashed & (len(table) - 1)
    while table[slot, NUMBER] and not (table[slot, HASH] == hashed and same(data, table[slot, BEGIN], table[slot, LENGTH], begin, length)):
        slot = (slot + 1) & (len(table) - 1)
    return slot


@njit(cache=True)
def same(data: Bytes, one: int, one_length: int, other: int, other_length: int) -> bool:
    """Say whether two names are the same bytes: equal hashes prove nothing."""
    if one_length != other_length:
        return False
    for k in range(one_length):
        if data[one + k] != data[other + k]:
            return False
    return True


@njit(cache=True)
def doubled(table: Table) -> Table:
    """Return a table of twice the size with the same stations."""
    larger = np.zeros((2 * len(table), COLUMNS), dtype=np.int64)
    for station in table:
        if station[NUMBER]:
            slot = station[HASH] & (len(larger) - 1)
            while larger[slot, NUMBER]:
                slot = (slot + 1) & (len(larger) - 1)
            larger[slot] = station
    return larger
