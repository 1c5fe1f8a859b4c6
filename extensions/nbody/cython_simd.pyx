# distutils: language = c
# distutils: depends = extensions/nbody/lanes.h
"""One flat array a coordinate, then the kernel."""

from libc.stdlib cimport calloc, free

import numpy as np


cdef extern from "lanes.h" nogil:
    long BODIES_BEYOND
    ctypedef struct Swarm:
        double *x
        double *y
        double *z
        double *mass
        double *ax
        double *ay
        double *az
        double least
        long n
    void pull_swarm(const Swarm *swarm)


def accelerations(const double[:, ::1] positions, const double[::1] masses, double softening):
    """Return the acceleration of each body, of shape (n, 3)."""
    cdef long n = masses.shape[0], room = n + BODIES_BEYOND, i
    answer = np.empty((n, 3))
    cdef double[:, ::1] out = answer
    cdef double *flat = <double *> calloc(7 * room, sizeof(double))
    if flat == NULL:
        raise MemoryError(f"no room for {n} bodies")
    cdef Swarm swarm = Swarm(
        flat, flat + room, flat + 2 * room, flat + 3 * room, flat + 4 * room, flat + 5 * room, flat + 6 * room, softening * softening, n
    )
    for i in range(n):
        swarm.x[i], swarm.y[i], swarm.z[i], swarm.mass[i] = positions[i, 0], positions[i, 1], positions[i, 2], masses[i]
    pull_swarm(&swarm)
    for i in range(n):
        out[i, 0], out[i, 1], out[i, 2] = swarm.ax[i], swarm.ay[i], swarm.az[i]
    free(flat)
    return answer
