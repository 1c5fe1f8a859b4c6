# distutils: language = c
# distutils: depends = extensions/dedupe/bitparallel.h extensions/dedupe/records.h
"""Bit-parallel edit distance of all pairs whose lengths are near enough."""

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


def pairs(names, k):
    """Return (i, j, distance) of all pairs i < j within Levenshtein distance ``k``, an integer of any size.

    Raises:
        TypeError: ``names`` is no sequence of str.
    """
    cdef list given = as_list(names)
    cdef Py_ssize_t i, j, n = len(given)
    cdef long size, distance, most
    cdef const uint32_t *text
    cdef Records records = Records(NULL, NULL, 0, 0)
    cdef Pattern pattern = Pattern(NULL, NULL, 0)
    found = []
    try:
        records_read(&records, given)
        most = nearest(k, records.longest)
        if not pattern_make(&pattern, records.letters, records.longest):
            raise MemoryError
        for i in range(n):
            text = records.text + records.starts[i]
            size = records.starts[i + 1] - records.starts[i]
            pattern_set(&pattern, text, size)
            for j in range(i + 1, n):
                distance = within(
                    &pattern, text, size, records.text + records.starts[j], records.starts[j + 1] - records.starts[j], most
                )
                if distance <= most:
                    found.append((i, j, distance))
            pattern_clear(&pattern, text, size)
    finally:
        pattern_free(&pattern)
        records_free(&records)
    return found
