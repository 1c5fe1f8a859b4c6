# distutils: language = c
# distutils: depends = extensions/mandelbrot/lanes.h extensions/mandelbrot/kernel.h extensions/mandelbrot/lanes.pxd
# distutils: extra_compile_args = -ffp-contract=off -Wno-psabi
"""Every thread gets its share of the rows beforehand, a piece of the picture in one block."""

from cython.parallel cimport prange
import numpy as np

from extensions.mandelbrot.lanes cimport View, int32_t, lanes_rows


def escape_counts(double left, double top, double step, long rows, long columns, long limit):
    """Return how many of the first ``limit`` points of each pixel's orbit come before it leaves |z| <= 2."""
    counts = np.empty((rows, columns), dtype=np.int32)
    cdef int32_t[:, ::1] pixels = counts
    cdef View view = View(left, top, step, columns, limit, 0)
    cdef long row
    if columns:
        for row in prange(rows, nogil=True, schedule="static"):
            lanes_rows(&view, row, row + 1, 0, &pixels[row, 0])
    return counts
