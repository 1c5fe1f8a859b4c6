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


cdef inline list as_list(object names):
    """Return the records as a list; any sequence will do, as it does for the reference."""
    return <list> names if type(names) is list else list(names)


cdef inline long nearest(object k, long longest) except? -2:
    """Return ``k`` as a machine's number: no distance exceeds the longest record, and none is below 0.

    Sums and multiples of what is returned stay far from the ends of the type, whatever was asked for.
    """
    if k > longest:
        return longest
    return -1 if k < 0 else k
