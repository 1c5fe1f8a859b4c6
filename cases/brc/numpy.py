"""All rows of a piece at once: names as columns of 64-bit words, told apart by a hash table that NumPy fills."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cases.brc.chunks import pieces
from cases.brc.rollup import Running, Summary, add, answer

Bytes = NDArray[np.uint8]
Words = NDArray[np.uint64]
Rows = NDArray[np.int64]

# the first k bytes of a little-endian word, k = 0 ... 8
FIRST_BYTES = np.array([(1 << 8 * k) - 1 for k in range(9)], dtype=np.uint64)
SPREAD = np.uint64(0x9E3779B97F4A7C15)
SLOT_BITS = 16
SLOT_SHIFT = np.uint64(64 - SLOT_BITS)


def summarise(path: str) -> Summary:
    """Return (lowest, mean, highest, number) of every station's readings, in tenths; means ties go up."""
    stations: dict[bytes, Running] = {}
    for piece in pieces(path):
        add_piece(stations, piece)
    return answer(stations)


def add_piece(stations: dict[bytes, Running], piece: bytes) -> None:
    """Add the rows of a piece to the stations' figures."""
    # behind the end there must be a line's end, and room to look at eight bytes
    text = np.frombuffer(piece.removesuffix(b"\n") + b"\n" + bytes(8), dtype=np.uint8)
    ends = np.flatnonzero(text == ord("\n"))
    semicolons = np.flatnonzero(text == ord(";"))
    begins = np.concatenate((np.zeros(1, dtype=np.int64), ends[:-1] + 1))
    tenths = readings(text, semicolons, ends)
    station, leaders = grouped(names(text, begins, semicolons - begins))
    lowest, highest = tenths[leaders], tenths[leaders]
    np.minimum.at(lowest, station, tenths)
    np.maximum.at(highest, station, tenths)
    # bincount adds doubles: exact, a piece's total is far below 2**53
    totals = np.bincount(station, weights=tenths).astype(np.int64)
    figures = np.stack((lowest, totals, highest, np.bincount(station)), axis=1)
    for leader, (low, total, high, number) in zip(leaders.tolist(), figures.tolist(), strict=True):
        add(stations, piece[begins[leader] : semicolons[leader]], low, total, high, number)


def readings(text: Bytes, semicolons: Rows, ends: Rows) -> NDArray[np.int32]:
    """Return the tenths of every row: seen from the line's end the digits stand at fixed places."""
    negative = text[semicolons + 1] == ord("-")
    two_digits = ends - semicolons - negative == 5
    tenths = 10 * text[ends - 3].astype(np.int32) + text[ends - 1] - 11 * ord("0")
    tenths += 100 * two_digits * (text[ends - 4].astype(np.int32) - ord("0"))
    return np.where(negative, -tenths, tenths)


def names(text: Bytes, begins: Rows, lengths: Rows) -> list[Words]:
    """Return the names as columns: the k-th holds bytes 8k to 8k + 7 of each, zeros behind the name's end."""
    # a word begins at every byte; the columns pick those where a name's next eight bytes begin
    words: Words = np.ndarray(len(text) - 7, dtype="<u8", buffer=text.data, strides=(1,))
    columns = []
    for at in range(0, int(lengths.max()), 8):
        column = np.zeros(len(begins), dtype=np.uint64)
        (rows,) = np.nonzero(lengths > at)
        column[rows] = words[begins[rows] + at] & FIRST_BYTES[np.minimum(lengths[rows] - at, 8)]
        columns.append(column)
    return columns


def grouped(columns: list[Words]) -> tuple[Rows, Rows]:
    """Return the number of each row's name, and for each number a row that has the name.

    All rows write their own number into their slot, and the last one stays.  Whoever finds its own name there has
    found its leader; the others try another slot.  Every round serves the names that stayed, so collisions cost
    rounds but never the answer.
    """
    hashes = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        hashes = (hashes ^ column) * SPREAD
        hashes ^= hashes >> np.uint64(32)
    slots = np.empty(1 << SLOT_BITS, dtype=np.int64)
    leader = np.empty(len(hashes), dtype=np.int64)
    rows = np.arange(len(hashes))
    while len(rows):
        hashes = hashes * SPREAD + np.uint64(1)
        slot = (hashes >> SLOT_SHIFT).astype(np.int64)
        slots[slot] = rows
        found = slots[slot]
        same = np.ones(len(rows), dtype=np.bool_)
        for column in columns:
            same &= column[rows] == column[found]
        leader[rows[same]] = found[same]
        rows, hashes = rows[~same], hashes[~same]
    leaders = np.flatnonzero(leader == np.arange(len(leader)))
    number = np.empty(len(leader), dtype=np.int64)
    number[leaders] = np.arange(len(leaders))
    return number[leader], leaders
