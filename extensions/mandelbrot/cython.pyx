# distutils: language = c
# distutils: extra_compile_args = -ffp-contract=off
"""The pairs of floats, typed: one pixel after the other, in one thread.

No compiler may fuse a product and a sum here (it would round once where the reference rounds twice), hence the flag.
"""

from libc.stdint cimport int32_t
import numpy as np


cdef inline long stays(double cx, double cy, long limit) noexcept nogil:
    """Count how long one orbit stays."""
    cdef double x = 0.0, y = 0.0, product
    cdef long count
    for count in range(limit):
        product = x * y
        x = x * x - y * y + cx
        y = product + product + cy
        if x * x + y * y > 4.0:
            return count
    return limit


def escape_counts(double left, double top, double step, long rows, long columns, long limit):
    """Return how many of the first ``limit`` points of each pixel's orbit come before it leaves |z| <= 2."""
    counts = np.empty((rows, columns), dtype=np.int32)
    cdef int32_t[:, ::1] pixels = counts
    cdef long row, column
    with nogil:
        for row in range(rows):
            for column in range(columns):
                pixels[row, column] = <int32_t> stays(left + column * step, top - row * step, limit)
    return counts
