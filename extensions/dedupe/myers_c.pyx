# distutils: language = c
# distutils: depends = extensions/dedupe/bitparallel.h
"""Bit-parallel edit distance of all pairs whose lengths are near enough."""

from libc.stdint cimport uint32_t
from libc.stdlib cimport free, malloc


cdef extern from "bitparallel.h" nogil:
    ctypedef struct Pattern:
        pass
    int pattern_make(Pattern *p, long longest)
    void pattern_free(Pattern *p)
    void pattern_set(Pattern *p, const uint32_t *text, long length)
    void pattern_clear(Pattern *p, const uint32_t *text, long length)
    long bit_parallel(const Pattern *p, long length, const uint32_t *text, long size, long k)


def pairs(list names, long k):
    """Return (i, j, distance) of all pairs i < j within Levenshtein distance ``k``."""
    cdef Py_ssize_t i, j, n = len(names)
    cdef long size, other, distance, longest = 0, total = 0
    cdef str name
    cdef Pattern pattern
    for name in names:
        size = len(name)
        total += size
        longest = max(longest, size)
    cdef uint32_t *letters = <uint32_t *> malloc((total + 1) * sizeof(uint32_t))
    cdef long *starts = <long *> malloc((n + 1) * sizeof(long))
    if letters == NULL or starts == NULL or not pattern_make(&pattern, longest):
        raise MemoryError
    found = []
    try:
        total = 0
        for i in range(n):
            starts[i] = total
            for letter in <str> names[i]:
                letters[total] = <uint32_t> <Py_UCS4> letter
                total += 1
        starts[n] = total
        for i in range(n):
            size = starts[i + 1] - starts[i]
            pattern_set(&pattern, letters + starts[i], size)
            for j in range(i + 1, n):
                other = starts[j + 1] - starts[j]
                if other - size > k or size - other > k:
                    continue
                distance = bit_parallel(&pattern, size, letters + starts[j], other, k)
                if distance <= k:
                    found.append((i, j, distance))
            pattern_clear(&pattern, letters + starts[i], size)
    finally:
        pattern_free(&pattern)
        free(letters)
        free(starts)
    return found
