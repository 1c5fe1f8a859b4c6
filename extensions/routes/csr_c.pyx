# distutils: language = c
# distutils: depends = extensions/routes/heap.h extensions/routes/numbers.h extensions/routes/search.h
"""The network as compressed sparse rows of C numbers, the heap as an array; a search for each source.

Names become numbers through a hash table of our own: every road's end has to be looked up, and Python's dict compares objects.
"""

from cpython.dict cimport PyDict_GetItem, PyDict_Next, PyDict_Size
from cpython.list cimport PyList_New, PyList_SET_ITEM
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from libc.stdint cimport int64_t
from libc.stdlib cimport calloc, free, malloc

from extensions.routes.streets cimport (
    Place,
    Road,
    Rows,
    Search,
    cost_of,
    numbers_add,
    numbers_find,
    numbers_free,
    numbers_looked_at,
    numbers_make,
    place_of,
    search_free,
    search_length,
    search_make,
    search_tree,
    search_visited,
    secret,
    sum_of,
    whole,
)

from cases.routes.prebuilt import builder, form


cdef class Streets:
    """A network in C; with ``places`` it also knows straight lines."""

    def __cinit__(self, dict roads not None, dict places=None):
        cdef int64_t junctions = PyDict_Size(roads)
        if junctions >= 1 << 31:
            raise OverflowError(f"{junctions} junctions; {(1 << 31) - 1} is the most that can be numbered here")
        self.names = list(roads)
        self.rows.junctions = junctions
        self.rows.starts = <int64_t *> calloc(junctions + 1, sizeof(int64_t))
        if self.rows.starts == NULL or not numbers_make(&self.numbers, junctions, secret()):
            raise MemoryError
        self.read(roads)
        if places is not None:
            self.locate(places)

    def __dealloc__(self):
        free(self.rows.starts)
        free(self.rows.roads)
        free(self.rows.places)
        numbers_free(&self.numbers)

    cdef int read(self, dict roads) except -1:
        """Number all junctions, then lay their roads out one after another.

        No way takes a road twice, so where all costs together fit, those of any way do.
        """
        cdef PyObject *name
        cdef PyObject *ways
        cdef PyObject *cost
        cdef Py_ssize_t place = 0, inner
        cdef int64_t junction = 0, road = 0, to, one, all_costs = 0
        while PyDict_Next(roads, &place, &name, &ways):
            numbers_add(&self.numbers, whole(<object> name))  # there is room for all
            self.rows.starts[junction + 1] = self.rows.starts[junction] + len(<dict?> <object> ways)
            junction += 1
        self.rows.roads = <Road *> malloc((self.rows.starts[junction] + 1) * sizeof(Road))
        if self.rows.roads == NULL:
            raise MemoryError
        place = 0
        while PyDict_Next(roads, &place, NULL, &ways):
            inner = 0
            while PyDict_Next(<object> ways, &inner, &name, &cost):
                to = numbers_find(&self.numbers, whole(<object> name))
                if to < 0:
                    raise KeyError(<object> name)
                one = cost_of(<object> cost)
                all_costs = sum_of(all_costs, one)
                self.rows.roads[road] = Road(one, to)
                road += 1
        return 0

    def locate(self, dict places not None):
        """Put down where every junction is."""
        cdef int64_t junction
        cdef PyObject *place
        self.rows.places = <Place *> malloc((self.rows.junctions + 1) * sizeof(Place))
        if self.rows.places == NULL:
            raise MemoryError
        for junction in range(self.rows.junctions):
            place = PyDict_GetItem(places, self.names[junction])
            if place == NULL:
                raise KeyError(self.names[junction])
            self.rows.places[junction] = place_of(<object> place)

    def looked_at(self):
        """Return how many places of the table have to be looked at until every junction has been found once."""
        return numbers_looked_at(&self.numbers)

    cdef int64_t number(self, object name) except -1:
        """Return the number of a junction."""
        cdef int64_t number = numbers_find(&self.numbers, whole(name))
        if number < 0:
            raise KeyError(name)
        return number

    cdef object way(self, const Search *search, int64_t target):
        """Return the cost of a junction that the last search visited, and the way there; None: it was not visited."""
        cdef int64_t place, here = target
        cdef object name
        if not search_visited(search, target):
            return None
        place = search_length(search, target)
        path = PyList_New(place)
        while place > 0:
            place -= 1
            name = self.names[here]
            Py_INCREF(name)
            PyList_SET_ITEM(path, place, name)  # which takes the reference over
            here = search.reached[here].from_
        return search.reached[target].cost, path

    def answer(self, list queries not None):
        """Answer queries, those that start at one junction by one search; other threads run meanwhile.

        Raises:
            OverflowError: there are 2**30 queries or more; searches are numbered in 32 bits.
        """
        cdef Search search
        cdef int64_t *targets = <int64_t *> malloc((len(queries) + 1) * sizeof(int64_t))
        cdef int64_t source, i, count
        cdef int made = search_make(&search, self.rows.junctions)
        found = [None] * len(queries)
        try:
            if len(queries) >= 1 << 30:
                raise OverflowError(f"{len(queries)} queries; {(1 << 30) - 1} is the most in one call here")
            if targets == NULL or not made:
                raise MemoryError
            for name, asked in by_source(queries).items():
                source, count = self.number(name), len(asked)
                for i in range(count):
                    targets[i] = self.number(queries[asked[i]][1])
                with nogil:
                    made = search_tree(&self.rows, &search, source, targets, count)
                if not made:
                    raise MemoryError
                for i in range(count):
                    found[asked[i]] = self.way(&search, targets[i])
        finally:
            search_free(&search)
            free(targets)
        return found


cdef dict by_source(list queries):
    """Return the numbers of the queries that start at each junction."""
    cdef dict asked = {}
    for number, (source, _) in enumerate(queries):
        asked.setdefault(source, []).append(number)
    return asked


@builder
def streets(roads, places):
    """Return the network in C; Dijkstra asks for no places."""
    del places
    return Streets(roads)


def routes(dict roads not None, dict places not None, list queries not None, built):
    """Return the cheapest way of each query (source, target): its cost and its junctions, or None."""
    return form(streets, roads, places, built).answer(queries)
