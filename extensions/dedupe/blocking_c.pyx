# distutils: language = c
# distutils: depends = extensions/dedupe/bitparallel.h
"""Two filters that lose nothing, then the bit-parallel distance on what is left.

k edits change the length by at most k, and the counts of letters by at most 2 k in all: records are compared
only when both hold.  Records are visited by length, so that the first filter is a window.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memset


cdef extern from "bitparallel.h" nogil:
    ctypedef struct Pattern:
        pass
    int pattern_make(Pattern *p, long longest)
    void pattern_free(Pattern *p)
    void pattern_set(Pattern *p, const uint32_t *text, long length)
    void pattern_clear(Pattern *p, const uint32_t *text, long length)
    long bit_parallel(const Pattern *p, long length, const uint32_t *text, long size, long k)


cdef extern from *:
    """
    #define BINS 32
    /* counts of letters, folded into 32 bins of 8 bits that saturate: folding and saturating only lower the sum */
    static inline long bags_differ(const unsigned char *a, const unsigned char *b) {
        long sum = 0;
        for (int bin = 0; bin < BINS; bin++) sum += a[bin] > b[bin] ? a[bin] - b[bin] : b[bin] - a[bin];
        return sum;
    }
    static inline int bits_differ(unsigned long long a, unsigned long long b) { return __builtin_popcountll(a ^ b); }
    """
    long bags_differ(const uint8_t *a, const uint8_t *b) nogil
    int bits_differ(uint64_t a, uint64_t b) nogil
    int BINS


cdef struct Record:
    long number
    long size
    uint32_t *letters
    uint64_t present
    uint8_t *bag


def pairs(list names, long k):
    """Return (i, j, distance) of all pairs i < j within Levenshtein distance ``k``."""
    cdef Py_ssize_t n = len(names), i, j, first = 0
    cdef long distance, total = 0
    cdef str name
    cdef Pattern pattern
    cdef bint set_up
    for name in names:
        total += len(name)
    order = sorted(range(n), key=lambda one: len(names[one]))
    cdef uint32_t *letters = <uint32_t *> malloc((total + 1) * sizeof(uint32_t))
    cdef uint8_t *bags = <uint8_t *> calloc(n + 1, BINS)
    cdef Record *records = <Record *> malloc((n + 1) * sizeof(Record))
    if letters == NULL or bags == NULL or records == NULL or not pattern_make(&pattern, len(names[order[n - 1]]) if n else 0):
        raise MemoryError
    found = []
    try:
        fill(names, order, letters, bags, records)
        for i in range(n):
            while records[i].size - records[first].size > k:
                first += 1
            set_up = False
            for j in range(first, i):
                if bits_differ(records[i].present, records[j].present) > 2 * k or bags_differ(records[i].bag, records[j].bag) > 2 * k:
                    continue
                if not set_up:
                    pattern_set(&pattern, records[i].letters, records[i].size)
                    set_up = True
                distance = bit_parallel(&pattern, records[i].size, records[j].letters, records[j].size, k)
                if distance <= k:
                    found.append((min(records[i].number, records[j].number), max(records[i].number, records[j].number), distance))
            if set_up:
                pattern_clear(&pattern, records[i].letters, records[i].size)
    finally:
        pattern_free(&pattern)
        free(letters)
        free(bags)
        free(records)
    return found


cdef void fill(list names, list order, uint32_t *letters, uint8_t *bags, Record *records):
    """Lay the records out by length, with the letters they hold."""
    cdef Py_ssize_t i, place = 0
    cdef uint32_t code
    cdef Py_UCS4 letter
    for i in range(len(order)):
        records[i].number = order[i]
        records[i].size = len(<str> names[order[i]])
        records[i].letters = letters + place
        records[i].present = 0
        records[i].bag = bags + i * BINS
        for letter in <str> names[order[i]]:
            code = <uint32_t> letter
            letters[place] = code
            place += 1
            records[i].present |= (<uint64_t> 1) << (code & 63)
            if records[i].bag[code & 31] < 255:
                records[i].bag[code & 31] += 1
