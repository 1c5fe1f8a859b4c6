# distutils: language = c
# distutils: depends = extensions/mandelbrot/lanes.h extensions/mandelbrot/kernel.h
# distutils: extra_compile_args = -ffp-contract=off -Wno-psabi
"""Up to thirty-two orbits at once in vector registers, in one thread; and single rows of a picture, for who wants to schedule them."""

import numpy as np


def escape_counts(double left, double top, double step, long rows, long columns, long limit, *, int bits=0):
    """Return how many of the first ``limit`` points of each pixel's orbit come before it leaves |z| <= 2.

    ``bits`` keeps to vectors at most so wide (128, 256 or 512), as on a processor that has no wider ones; 0: the widest it has.
    """
    counts = np.empty((rows, columns), dtype=np.int32)
    cdef int32_t[:, ::1] pixels = counts
    cdef View view = View(left, top, step, columns, limit, 0)
    if rows and columns:
        with nogil:
            lanes_rows(&view, 0, rows, bits, &pixels[0, 0])
    return counts


def count_rows(int32_t[:, ::1] pixels, double left, double top, double step, long limit, long first, long last):
    """Write the counts of the rows first, ..., last - 1 into their places, without holding the GIL."""
    cdef View view = View(left, top, step, pixels.shape[1], limit, 0)
    if not 0 <= first <= last <= pixels.shape[0]:
        raise ValueError(f"rows {first} to {last} are not in a picture of {pixels.shape[0]}")
    if first < last and view.columns:
        with nogil:
            lanes_rows(&view, first, last, 0, &pixels[first, 0])
