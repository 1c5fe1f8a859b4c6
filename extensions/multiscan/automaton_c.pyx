# distutils: language = c
# distutils: depends = extensions/multiscan/patterns.h extensions/multiscan/automaton.h
"""Aho and Corasick's automaton, one step a byte; rows for the states near the root, links for the others."""

from libc.stdint cimport int64_t, uint8_t
from libc.stdlib cimport free
from libc.string cimport memset


cdef extern from "automaton.h":
    ctypedef struct Needle:
        pass
    ctypedef struct Hits:
        void *at
        size_t count, room
    ctypedef struct Automaton:
        pass
    Needle *needles_read(list patterns) except NULL
    list hits_list(const Hits *hits)
    int automaton_make(Automaton *a, const Needle *needles, size_t n)
    int automaton_scan(const Automaton *a, const Needle *needles, const uint8_t *text, int64_t size, Hits *hits)
    void automaton_free(Automaton *a)


def scan(list patterns not None, bytes text not None):
    """Return (number of the pattern, start) of every occurrence of every pattern; they may overlap.

    Raises:
        ValueError: a pattern is empty.
    """
    cdef Automaton automaton
    cdef Hits hits = Hits(NULL, 0, 0)
    cdef Py_ssize_t n = len(patterns)
    cdef Needle *needles = needles_read(patterns)
    memset(&automaton, 0, sizeof(automaton))
    try:
        if not (automaton_make(&automaton, needles, n) and automaton_scan(&automaton, needles, text, len(text), &hits)):
            raise MemoryError
        return hits_list(&hits)
    finally:
        automaton_free(&automaton)
        free(hits.at)
        free(needles)
