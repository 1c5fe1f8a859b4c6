# distutils: language = c
# distutils: depends = extensions/routes/heap.h extensions/routes/numbers.h extensions/routes/search.h
"""A* on compressed sparse rows of C numbers; a search for each query."""

from libc.stdint cimport int64_t

from extensions.routes.csr_c cimport Streets
from extensions.routes.streets cimport Search, search_free, search_guided, search_make

from cases.routes.prebuilt import builder, form


def answer(Streets streets not None, list queries not None):
    """Answer queries in a network that knows its places.

    Raises:
        OverflowError: there are 2**30 queries or more; searches are numbered in 32 bits.
    """
    cdef Search search
    cdef int64_t source, target
    cdef int made = search_make(&search, streets.rows.junctions)
    found = []
    try:
        if streets.rows.places == NULL:
            raise ValueError("these streets were built without places")
        if not made:
            raise MemoryError
        if len(queries) >= 1 << 30:
            raise OverflowError(f"{len(queries)} queries; {(1 << 30) - 1} is the most in one call here")
        for name, other in queries:
            source, target = streets.number(name), streets.number(other)
            with nogil:
                made = search_guided(&streets.rows, &search, source, target)
            if not made:
                raise MemoryError
            found.append(streets.way(&search, target))
    finally:
        search_free(&search)
    return found


@builder
def located(roads, places):
    """Return the network in C, with its places."""
    return Streets(roads, places)


def routes(dict roads not None, dict places not None, list queries not None, built):
    """Return the cheapest way of each query (source, target): its cost and its junctions, or None."""
    return answer(form(located, roads, places, built), queries)
