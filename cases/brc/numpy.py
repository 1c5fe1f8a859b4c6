"""All rows of a piece at once: names as columns of 64-bit words, told apart by a hash table that NumPy fills."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cases.brc.chunks import pieces
from cases.brc.refusal import refuse
from cases.brc.rollup import Running, Summary, add, answer
from cases.brc.secrets import secrets

Bytes = NDArray[np.uint8]
Words = NDArray[np.uint64]
Rows = NDArray[np.int64]

# the first k bytes of a little-endian word, k = 0 ... 8
FIRST_BYTES = np.array([(1 << 8 * k) - 1 for k in range(9)], dtype=np.uint64)
SPREAD = np.uint64(0x9E3779B97F4A7C15)
KEYS = np.array(secrets(2 * 13 + 1), dtype=np.uint64)
"""Secrets of this process: one for each half of a word of the longest name, and a first one."""
LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)
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
    if not are_rows(text, begins, semicolons, ends):
        refuse(piece)
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


def are_rows(text: Bytes, begins: Rows, semicolons: Rows, ends: Rows) -> bool:
    """Say whether every line is a name of 1 to 100 bytes, a semicolon and a reading."""
    if len(semicolons) != len(ends):
        return False
    lengths, widths = semicolons - begins, ends - semicolons - 1
    negative = text[semicolons + 1] == ord("-")
    digits = widths - negative  # with the point
    if lengths.min() < 1 or lengths.max() > 100 or digits.min() < 3 or digits.max() > 4:
        return False
    # the first digit stands behind the sign; that, and the two beside the point
    figures = np.concatenate((text[semicolons + 1 + negative], text[ends - 3], text[ends - 1])) - np.uint8(ord("0"))
    return bool((text[ends - 2] == ord(".")).all() and figures.max() < 10)


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
    # strangers choose the names: with secrets any two are told apart with equal probability, whichever they are (pair-multiply: M.
    # Thorup, "High speed hashing for integers and strings", 2015)
    hashes = np.full(len(columns[0]), KEYS[-1], dtype=np.uint64)
    for column, low, high in zip(columns, KEYS[0::2], KEYS[1::2], strict=False):
        hashes += (low + (column & LOW)) * (high + (column >> HALF))
    hashes ^= hashes >> HALF
    slots = np.empty(1 << SLOT_BITS, dtype=np.int64)
    leader = np.empty(len(hashes), dtype=np.int64)
    rows = np.arange(len(hashes))
    while len(rows):
        hashes = hashes * SPREAD + np.uint64(1)
        found, same = one_round(columns, rows, slots, (hashes >> SLOT_SHIFT).astype(np.int64))
        leader[rows[same]] = found[same]
        rows, hashes = rows[~same], hashes[~same]
    leaders = np.flatnonzero(leader == np.arange(len(leader)))
    number = np.empty(len(leader), dtype=np.int64)
    number[leaders] = np.arange(len(leaders))
    return number[leader], leaders


def one_round(columns: list[Words], rows: Rows, slots: Rows, slot: Rows) -> tuple[Rows, NDArray[np.bool_]]:
    """Let the rows write their numbers into their slots; return whom they find there, and whether that one has the same name."""
    slots[slot] = rows
    found = slots[slot]
    same = np.ones(len(rows), dtype=np.bool_)
    for column in columns:
        same &= column[rows] == column[found]
    return found, same
