# distutils: language = c
# distutils: depends = extensions/brc/kernel.h
"""The byte kernel over a mapped file; lets go of the interpreter lock while it counts."""

import mmap
import os

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from libc.stdlib cimport free


cdef extern from "kernel.h" nogil:
    ctypedef struct Station:
        const char *name
        int64_t sum
        int32_t length, low, high
        uint32_t rows
    ctypedef struct Table:
        Station *slots
        uint64_t size
    int table_make(Table *t, uint64_t size)
    int count_lines(Table *t, const char *at, const char *end)


def summarise(str path):
    """Return (min, mean, max, rows) by station, in tenths of a degree; the mean is rounded half up."""
    return {
        name.decode(): (low, (2 * total + rows) // (2 * rows), high, rows)
        for name, (low, high, total, rows) in count_file(path, 0, os.path.getsize(path)).items()
    }


def count_file(str path, Py_ssize_t start, Py_ssize_t stop):
    """Return name -> (min, max, sum, rows) over the whole lines between two offsets."""
    cdef Table table
    cdef const unsigned char[::1] content
    cdef uint64_t slot
    cdef bint fine
    if start == stop:
        return {}
    if not table_make(&table, 1024):
        raise MemoryError
    stations = {}
    try:
        with open(path, "rb") as file, mmap.mmap(file.fileno(), stop, access=mmap.ACCESS_READ) as mapped:
            content = mapped
            with nogil:
                fine = count_lines(&table, <const char *> &content[start], <const char *> &content[0] + stop)
            if not fine:
                raise MemoryError
            for slot in range(table.size):
                if table.slots[slot].name != NULL:
                    name = PyBytes_FromStringAndSize(table.slots[slot].name, table.slots[slot].length)
                    stations[name] = (table.slots[slot].low, table.slots[slot].high, table.slots[slot].sum, table.slots[slot].rows)
            content = None
    finally:
        free(table.slots)
    return stations
