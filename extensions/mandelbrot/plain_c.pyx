# distutils: language = c
# distutils: depends = extensions/mandelbrot/plain.h
# distutils: extra_compile_args = -ffp-contract=off
"""A doorway to plain C: it makes the array and calls."""

from libc.stdint cimport int32_t
import numpy as np


cdef extern from "plain.h" nogil:
    void plain_counts(double left, double top, double step, long rows, long columns, long limit, int32_t *counts)


def escape_counts(double left, double top, double step, long rows, long columns, long limit):
    """Return how many of the first ``limit`` points of each pixel's orbit come before it leaves |z| <= 2."""
    counts = np.empty((rows, columns), dtype=np.int32)
    cdef int32_t[:, ::1] pixels = counts
    if rows and columns:
        with nogil:
            plain_counts(left, top, step, rows, columns, limit, &pixels[0, 0])
    return counts
