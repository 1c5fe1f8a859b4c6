# distutils: language = c
# distutils: depends = extensions/multiscan/patterns.h extensions/multiscan/automaton.h extensions/multiscan/filter.h extensions/multiscan/search.h
"""A table of hashed pieces of the patterns, looked up at every stride-th place of the text; an automaton where that fails."""

from libc.stdint cimport int64_t, uint8_t
from libc.stdlib cimport free


cdef extern from "search.h":
    ctypedef struct Needle:
        pass
    ctypedef struct Hits:
        void *at
        size_t count, room
    Needle *needles_read(list patterns) except NULL
    list hits_list(const Hits *hits)
    int search_all(Needle **needles, int64_t n, const uint8_t *text, int64_t size, Hits *hits)


def scan(list patterns not None, bytes text not None):
    """Return (number of the pattern, start) of every occurrence of every pattern; they may overlap.

    Raises:
        ValueError: a pattern is empty.
    """
    cdef Hits hits = Hits(NULL, 0, 0)
    cdef Py_ssize_t n = len(patterns)
    cdef Needle *needles = needles_read(patterns)
    try:
        if not search_all(&needles, n, text, len(text), &hits):
            raise MemoryError
        return hits_list(&hits)
    finally:
        free(hits.at)
        free(needles)
