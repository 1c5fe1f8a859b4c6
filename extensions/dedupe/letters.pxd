"""What the compiled variants share: records as arrays of small numbers, and the bit-parallel distance of two of them."""

from libc.stdint cimport uint32_t, uint64_t


cdef extern from "bitparallel.h" nogil:
    ctypedef struct Block:
        pass
    ctypedef struct Pattern:
        uint64_t *masks
        Block *blocks
        long words
    int pattern_make(Pattern *p, long letters, long longest)
    void pattern_free(Pattern *p)
    void pattern_set(Pattern *p, const uint32_t *text, long size)
    void pattern_clear(Pattern *p, const uint32_t *text, long size)
    long within(const Pattern *p, const uint32_t *a, long rows, const uint32_t *b, long size, long k)


cdef extern from "records.h":
    ctypedef struct Records:
        uint32_t *text
        long *starts
        long longest
        uint32_t letters
    int records_read(Records *r, object names) except 0
    void records_free(Records *r)
