"""The loop over the bytes in Python, with a hash table of its own, compiled at the first call."""

from __future__ import annotations

import os

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cases.brc.rollup import Summary, answer

Bytes = NDArray[np.uint8]
Table = NDArray[np.int64]

FIRST_SLOTS = 2048
BEGIN, LENGTH, LOWEST, TOTAL, HIGHEST, NUMBER, HASH, COLUMNS = range(8)
"""The columns of a table; BEGIN and LENGTH say where in the file the name stands.  NUMBER 0: the slot is free."""


def summarise(path: str) -> Summary:
    """Return (lowest, mean, highest, number) of every station's readings, in tenths; means ties go up."""
    # mapped, not read: the pages are in memory once already; but nothing cannot be mapped
    data = np.asarray(np.memmap(path, dtype=np.uint8, mode="r")) if os.path.getsize(path) else np.empty(0, dtype=np.uint8)
    table = counted(data)
    stations = table[table[:, NUMBER] > 0].tolist()
    return answer({data[begin : begin + length].tobytes(): figures for begin, length, *figures, _ in stations})


@njit(cache=True)
def counted(data: Bytes) -> Table:
    """Return the table of all stations, at most a quarter of it in use."""
    table = np.zeros((FIRST_SLOTS, COLUMNS), dtype=np.int64)
    used, at = 0, 0
    while at < len(data):
        begin = at
        mixed = np.uint64(0)
        while data[at] != 59:  # ;
            mixed = (mixed ^ np.uint64(data[at])) * np.uint64(0x9E3779B97F4A7C15)
            at += 1
        length = at - begin
        negative = data[at + 1] == 45  # -
        at += 2 if negative else 1
        tenths = np.int64(data[at]) - 48
        if data[at + 1] != 46:  # .
            at += 1
            tenths = 10 * tenths + np.int64(data[at]) - 48
        tenths = 10 * tenths + np.int64(data[at + 2]) - 48
        tenths = -tenths if negative else tenths
        at += 4
        hashed = np.int64(mixed >> np.uint64(20))
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
    return table


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
