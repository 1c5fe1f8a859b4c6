"""Slips a colleague could make.  Every one of them must be refused."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from cases.mandelbrot.naive import escape_counts as right


def _picture(left, top, step, rows, columns, limit, stays):
    """Ask ``stays(cx, cy, limit)`` for every pixel."""
    counts = [[stays(left + j * step, top - i * step, limit) for j in range(columns)] for i in range(rows)]
    return np.array(counts, dtype=np.int32).reshape(rows, columns)


def _orbit(cx, cy, limit, square=lambda x, y: (x * x - y * y, x * y + x * y), left=lambda x, y: x * x + y * y > 4.0):
    """Follow one orbit with another square or another test."""
    x = y = 0.0
    for count in range(limit):
        real, imaginary = square(x, y)
        x, y = real + cx, imaginary + cy
        if left(x, y):
            return count
    return limit


def counted_from_one(left, top, step, rows, columns, limit):
    """The point that leaves is counted as well."""
    counts = right(left, top, step, rows, columns, limit)
    return np.where(counts < limit, counts + 1, counts).astype(np.int32)


def absolute_value(left, top, step, rows, columns, limit):
    """abs(z) > 2: the same on paper, but the root is rounded."""
    return _picture(left, top, step, rows, columns, limit, lambda *c: _orbit(*c, left=lambda x, y: abs(complex(x, y)) > 2.0))


def two_is_outside(left, top, step, rows, columns, limit):
    """`>=` for `>`: the tip at -2 is lost."""
    return _picture(left, top, step, rows, columns, limit, lambda *c: _orbit(*c, left=lambda x, y: x * x + y * y >= 4.0))


def either_side_above_two(left, top, step, rows, columns, limit):
    """A square for a circle: abs(x) > 2 or abs(y) > 2."""
    return _picture(left, top, step, rows, columns, limit, lambda *c: _orbit(*c, left=lambda x, y: abs(x) > 2.0 or abs(y) > 2.0))


def squares_factored(left, top, step, rows, columns, limit):
    """(x + y) (x - y) saves a product and rounds otherwise."""
    return _picture(left, top, step, rows, columns, limit, lambda *c: _orbit(*c, square=lambda x, y: ((x + y) * (x - y), x * y + x * y)))


def product_fused(left, top, step, rows, columns, limit):
    """x x - y y as one fused operation, as a compiler makes it that is not told otherwise: it rounds once for twice."""
    fused = lambda x, y: (float(Fraction(x) * Fraction(x) - Fraction(y * y)) if abs(x) < 1e9 else x, x * y + x * y)
    return _picture(left, top, step, rows, columns, limit, lambda *c: _orbit(*c, square=fused))


def imaginary_part_too_late(left, top, step, rows, columns, limit):
    """x is overwritten before y is computed from it."""

    def stays(cx, cy, limit):
        x = y = 0.0
        for count in range(limit):
            x = x * x - y * y + cx
            y = 2.0 * x * y + cy
            if x * x + y * y > 4.0:
                return count
        return limit

    return _picture(left, top, step, rows, columns, limit, stays)


def asked_every_other_step(left, top, step, rows, columns, limit):
    """Fewer questions, but nobody goes back to see which step it was."""

    def stays(cx, cy, limit):
        z, c = 0j, complex(cx, cy)
        for count in range(0, limit, 2):
            z = z * z + c
            z = z * z + c
            if not z.real * z.real + z.imag * z.imag <= 4.0:
                return count
        return limit

    return _picture(left, top, step, rows, columns, limit, stays)


def nearly_a_cycle(left, top, step, rows, columns, limit):
    """Near where it was is taken for where it was: slow orbits are held for cycles."""

    def stays(cx, cy, limit):
        x = y = seen_x = seen_y = 0.0
        turn = 8
        for count in range(limit):
            x, y = x * x - y * y + cx, x * y + x * y + cy
            if x * x + y * y > 4.0:
                return count
            if abs(x - seen_x) < 1e-3 and abs(y - seen_y) < 1e-3:
                return limit
            if count == turn:
                turn, seen_x, seen_y = 2 * turn, x, y
        return limit

    return _picture(left, top, step, rows, columns, limit, stays)


def stays_counted_as_zero(left, top, step, rows, columns, limit):
    """Who never leaves is painted black: 0."""
    counts = right(left, top, step, rows, columns, limit)
    return np.where(counts == limit, 0, counts).astype(np.int32)


def one_step_more(left, top, step, rows, columns, limit):
    """The limit is taken for the last step's number."""
    return right(left, top, step, rows, columns, limit + 1)


def upside_down(left, top, step, rows, columns, limit):
    """Rows go up where they should go down."""
    return _picture(left, top, -step, rows, columns, limit, lambda cx, cy, limit: _orbit(2 * left - cx, cy, limit))


def sides_swapped(left, top, step, rows, columns, limit):
    """Rows for columns."""
    return right(left, top, step, columns, rows, limit).T.reshape(rows, columns)


def middle_of_the_pixel(left, top, step, rows, columns, limit):
    """A pixel is taken to be its middle."""
    return right(left + step / 2, top - step / 2, step, rows, columns, limit)


def steps_added_up(left, top, step, rows, columns, limit):
    """left + step + step ...: every sum rounds."""
    across = [left]
    for _ in range(columns - 1):
        across.append(across[-1] + step)
    counts = [[_orbit(cx, top - i * step, limit) for cx in across[:columns]] for i in range(rows)]
    return np.array(counts, dtype=np.int32).reshape(rows, columns)


def single_precision(left, top, step, rows, columns, limit):
    """float32 is enough for a picture."""
    cx = (left + np.arange(columns) * step).astype(np.float32)
    cy = (top - np.arange(rows)[:, None] * step).astype(np.float32)
    x, y = np.zeros((rows, columns), np.float32), np.zeros((rows, columns), np.float32)
    inside, counts = np.ones((rows, columns), bool), np.zeros((rows, columns), np.int32)
    with np.errstate(all="ignore"):
        for _ in range(limit):
            x, y = x * x - y * y + cx, x * y + x * y + cy
            inside &= x * x + y * y <= 4.0
            counts += inside
    return counts


def who_left_comes_back(left, top, step, rows, columns, limit):
    """The mask is made anew in each step, and an orbit that overflowed is not a number, which is not above 4."""
    cx, cy = left + np.arange(columns) * step, top - np.arange(rows)[:, None] * step
    x, y, counts = np.zeros((rows, columns)), np.zeros((rows, columns)), np.zeros((rows, columns), np.int32)
    with np.errstate(all="ignore"):
        for _ in range(limit):
            x, y = x * x - y * y + cx, x * y + x * y + cy
            counts += ~(x * x + y * y > 4.0)
    return counts


def remainder_lost(left, top, step, rows, columns, limit):
    """Blocks of rows // 2 rows for two workers: the last row of an odd picture belongs to nobody."""
    counts = right(left, top, step, rows, columns, limit)
    counts[rows // 2 * 2 :] = 0
    return counts


def blocks_in_order_of_arrival(left, top, step, rows, columns, limit):
    """Parts are pasted as they come back, and the second came first."""
    counts = right(left, top, step, rows, columns, limit)
    return np.concatenate([counts[rows // 2 :], counts[: rows // 2]])


def rows_not_relative_to_the_block(left, top, step, rows, columns, limit):
    """The second block begins again with the first row."""
    counts = right(left, top, step, rows, columns, limit)
    half = rows // 2
    counts[half:] = right(left, top, step, rows - half, columns, limit)
    return counts


_seen = {}


def remembered_by_shape(left, top, step, rows, columns, limit):
    """A cache that forgets where one looks."""
    key = (rows, columns, limit)
    if key not in _seen:
        _seen[key] = right(left, top, step, rows, columns, limit)
    return _seen[key].copy()


def wide_integers(left, top, step, rows, columns, limit):
    """int64 for int32."""
    return right(left, top, step, rows, columns, limit).astype(np.int64)


def short_integers(left, top, step, rows, columns, limit):
    """Counts are kept in 16 bits on the way: who stays longer begins again at 0."""
    return right(left, top, step, rows, columns, limit).astype(np.uint16).astype(np.int32)


def in_lists(left, top, step, rows, columns, limit):
    """Lists are no array."""
    return right(left, top, step, rows, columns, limit).tolist()
