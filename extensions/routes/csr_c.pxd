"""The network as compressed sparse rows, for the variants that search it."""

from libc.stdint cimport int64_t

from extensions.routes.streets cimport Numbers, Rows, Search


cdef class Streets:
    cdef Rows rows
    cdef Numbers numbers
    cdef list names

    cdef int read(self, dict roads) except -1
    cdef int64_t number(self, object name) except -1
    cdef object way(self, const Search *search, int64_t target)
