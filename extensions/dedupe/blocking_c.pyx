# distutils: language = c
# distutils: depends = extensions/dedupe/bitparallel.h extensions/dedupe/records.h extensions/dedupe/bags.h
"""Two filters that lose nothing, then the bit-parallel distance of what is left.

k edits change the length by k at most, and the bag of letters by 2 k at most: an insertion or deletion changes one
count, a replacement two.  Records are visited by length, so that the first filter is a window.
"""

from libc.stdint cimport uint32_t

from extensions.dedupe.letters cimport (
    Pattern,
    Records,
    as_list,
    nearest,
    pattern_clear,
    pattern_free,
    pattern_make,
    pattern_set,
    records_free,
    records_read,
    within,
)


cdef extern from "bags.h":
    ctypedef struct Bag:
        pass
    ctypedef struct Shelf:
        long *order
        Bag *bags
    int shelf_fill(Shelf *s, const Records *r, long n) except 0
    void shelf_free(Shelf *s)
    long next_alike(const Bag *bags, long first, long to, const Bag *bag, long most) nogil


def pairs(names, k):
    """Return (i, j, distance) of all pairs i < j within Levenshtein distance ``k``, an integer of any size.

    Raises:
        TypeError: ``names`` is no sequence of str.
    """
    cdef list given = as_list(names)
    cdef long most
    cdef Records records = Records(NULL, NULL, 0, 0)
    cdef Shelf shelf = Shelf(NULL, NULL)
    cdef Pattern pattern = Pattern(NULL, NULL, 0)
    found = []
    try:
        records_read(&records, given)
        most = nearest(k, records.longest)
        shelf_fill(&shelf, &records, len(given))
        if not pattern_make(&pattern, records.letters, records.longest):
            raise MemoryError
        compare(&records, &shelf, &pattern, len(given), most, found)
    finally:
        pattern_free(&pattern)
        shelf_free(&shelf)
        records_free(&records)
    return found


cdef int compare(Records *records, Shelf *shelf, Pattern *pattern, long n, long k, list found) except -1:
    """Append what is found: each record is compared with those before it that are not too short."""
    cdef long i, j, a, b, size, distance, first = 0
    cdef const uint32_t *text
    cdef bint set_up
    for i in range(n):
        a = shelf.order[i]
        text = records.text + records.starts[a]
        size = records.starts[a + 1] - records.starts[a]
        while first < i and size - length(records, shelf.order[first]) > k:
            first += 1
        set_up = False
        j = next_alike(shelf.bags, first, i, &shelf.bags[i], 2 * k)
        while j < i:
            if not set_up:
                pattern_set(pattern, text, size)
                set_up = True
            b = shelf.order[j]
            distance = within(pattern, text, size, records.text + records.starts[b], length(records, b), k)
            if distance <= k:
                found.append((min(a, b), max(a, b), distance))
            j = next_alike(shelf.bags, j + 1, i, &shelf.bags[i], 2 * k)
        if set_up:
            pattern_clear(pattern, text, size)
    return 0


cdef inline long length(const Records *records, long i) noexcept:
    return records.starts[i + 1] - records.starts[i]
