# distutils: language = c
"""Each pair once, in Cython itself: typed views, indices, and the square root of C."""

from libc.math cimport sqrt

import numpy as np


def accelerations(const double[:, ::1] positions, const double[::1] masses, double softening):
    """Return the acceleration of each body, of shape (n, 3)."""
    cdef Py_ssize_t n = masses.shape[0], i, j
    cdef double x, y, z, mass, ax, ay, az, dx, dy, dz, squared, pull, theirs, ours, least = softening * softening
    answer = np.zeros((n, 3))
    cdef double[:, ::1] out = answer
    for i in range(n):
        x, y, z, mass = positions[i, 0], positions[i, 1], positions[i, 2], masses[i]
        ax = ay = az = 0.0
        for j in range(i + 1, n):
            dx, dy, dz = positions[j, 0] - x, positions[j, 1] - y, positions[j, 2] - z
            squared = dx * dx + dy * dy + dz * dz + least
            pull = 1.0 / (squared * sqrt(squared))
            theirs, ours = masses[j] * pull, mass * pull
            ax += theirs * dx
            ay += theirs * dy
            az += theirs * dz
            out[j, 0] -= ours * dx
            out[j, 1] -= ours * dy
            out[j, 2] -= ours * dz
        out[i, 0] += ax
        out[i, 1] += ay
        out[i, 2] += az
    return answer
