# distutils: language = c
# distutils: depends = extensions/mandelbrot/lanes.h extensions/mandelbrot/kernel.h extensions/mandelbrot/lanes.pxd
# distutils: extra_compile_args = -ffp-contract=off -Wno-psabi
"""The vector kernel with an eye on cycles: an orbit that is where it was before will never leave, whatever the limit."""

import numpy as np

from extensions.mandelbrot.lanes cimport View, int32_t, lanes_rows


def escape_counts(double left, double top, double step, long rows, long columns, long limit):
    """Return how many of the first ``limit`` points of each pixel's orbit come before it leaves |z| <= 2."""
    counts = np.empty((rows, columns), dtype=np.int32)
    cdef int32_t[:, ::1] pixels = counts
    cdef View view = View(left, top, step, columns, limit, 1)
    if rows and columns:
        with nogil:
            lanes_rows(&view, 0, rows, 0, &pixels[0, 0])
    return counts
