# distutils: language = c
"""The full matrix in C: what the textbook's loops cost without the interpreter."""

from libc.stdlib cimport free, malloc


def pairs(list names, Py_ssize_t k):
    """Return (i, j, distance) of all pairs i < j within Levenshtein distance ``k``."""
    cdef Py_ssize_t i, j, distance, n = len(names)
    cdef str a, b
    found = []
    for i in range(n):
        a = names[i]
        for j in range(i + 1, n):
            b = names[j]
            distance = levenshtein(a, b)
            if distance <= k:
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
