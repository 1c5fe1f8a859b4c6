# distutils: language = c
# distutils: depends = extensions/dedupe/bitparallel.h extensions/dedupe/records.h
"""The full matrix in C: what the textbook's loops cost without the interpreter."""

from libc.limits cimport INT_MAX
from libc.stdlib cimport free, malloc

from extensions.dedupe.letters cimport as_list, nearest


def pairs(names, k):
    """Return (i, j, distance) of all pairs i < j within Levenshtein distance ``k``, an integer of any size.

    Raises:
        TypeError: ``names`` is no sequence of str.
        OverflowError: a record has 2**31 - 1 letters or more; cells of the matrix have 32 bits.
    """
    cdef list given = as_list(names)
    cdef Py_ssize_t i, j, distance, most, longest = 0, n = len(given)
    cdef str a, b
    for i in range(n):
        a = given[i]
        longest = max(longest, len(a))
    if longest >= INT_MAX:
        raise OverflowError(f"a record of {longest} letters; the matrix counts up to {INT_MAX - 1} here")
    most = nearest(k, longest)
    found = []
    for i in range(n):
        a = given[i]
        for j in range(i + 1, n):
            b = given[j]
            distance = levenshtein(a, b)
            if distance <= most:
                found.append((i, j, distance))
    return found


cdef Py_ssize_t levenshtein(str a, str b) except -1:
    """Return the edit distance (Wagner and Fischer, 1974)."""
    cdef Py_ssize_t rows = len(a) + 1, columns = len(b) + 1, i, j
    cdef int cost, best
    cdef Py_UCS4 letter
    cdef Py_UCS4 *other = <Py_UCS4 *> malloc((columns + 1) * sizeof(Py_UCS4))
    cdef int *matrix = <int *> malloc(rows * columns * sizeof(int))
    if matrix == NULL or other == NULL:
        free(matrix)
        free(other)
        raise MemoryError
    for j in range(columns - 1):
        other[j] = b[j]
    for i in range(rows):
        matrix[i * columns] = <int> i
    for j in range(columns):
        matrix[j] = <int> j
    for i in range(1, rows):
        letter = a[i - 1]
        for j in range(1, columns):
            cost = matrix[(i - 1) * columns + j - 1] + (letter != other[j - 1])
            best = min(matrix[(i - 1) * columns + j], matrix[i * columns + j - 1]) + 1
            matrix[i * columns + j] = min(best, cost)
    i = matrix[rows * columns - 1]
    free(matrix)
    free(other)
    return i
