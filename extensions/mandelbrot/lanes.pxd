"""The C kernel, for all extensions that schedule it."""

from libc.stdint cimport int32_t


cdef extern from "lanes.h" nogil:
    ctypedef struct View:
        double left
        double top
        double step
        long columns
        long limit
        int detect

    void lanes_rows(const View *view, long first, long last, int bits, int32_t *counts)
