# distutils: language = c
# distutils: depends = extensions/nbody/pairs.h
"""A thin doorway to the loop in plain C; nothing of it is Cython's."""

import numpy as np


cdef extern from "pairs.h" nogil:
    void pull_pairs(long n, const double *position, const double *mass, double softening, double *out)


def accelerations(const double[:, ::1] positions, const double[::1] masses, double softening):
    """Return the acceleration of each body, of shape (n, 3)."""
    cdef long n = masses.shape[0]
    answer = np.zeros((n, 3))
    cdef double[:, ::1] out = answer
    if n:
        pull_pairs(n, &positions[0, 0], &masses[0], softening, &out[0, 0])
    return answer
