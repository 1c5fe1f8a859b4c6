# distutils: language = c
# distutils: depends = extensions/routes/heap.h extensions/routes/numbers.h extensions/routes/search.h
"""A* straight on the dicts: of the network only what the search comes upon is ever turned into C numbers."""

from cpython.dict cimport PyDict_GetItem, PyDict_Next
from cpython.list cimport PyList_New, PyList_SET_ITEM
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from libc.stdint cimport int64_t
from libc.stdlib cimport free, realloc

from extensions.routes.streets cimport (
    Heap,
    Numbers,
    Place,
    cost_of,
    heap_pop,
    heap_push,
    line,
    numbers_add,
    numbers_clear,
    numbers_find,
    numbers_free,
    numbers_looked_at,
    numbers_make,
    place_of,
    secret,
    sum_of,
    whole,
)

cdef struct Met:
    PyObject *name  # borrowed from the dicts, which outlive the search
    int64_t cost
    int64_t ahead  # the straight line to the target
    int64_t come_from
    bint visited


cdef class Walk:
    """One search after another over the same dicts."""

    cdef dict roads, places
    cdef Numbers numbers
    cdef Met *met
    cdef int64_t room
    cdef Heap heap
    cdef Place goal

    def __cinit__(self, dict roads not None, dict places not None):
        self.roads = roads
        self.places = places
        if not numbers_make(&self.numbers, 256, secret()):
            raise MemoryError

    def __dealloc__(self):
        numbers_free(&self.numbers)
        free(self.met)
        free(self.heap.items)

    cdef int locate(self, PyObject *name, Place *place) except -1:
        """Find out where a junction is."""
        cdef PyObject *found = PyDict_GetItem(self.places, <object> name)
        if found == NULL:
            raise KeyError(<object> name)
        place[0] = place_of(<object> found)
        return 0

    cdef int meet(self, PyObject *name, int64_t cost, int64_t come_from) except -1:
        """Reach a junction at this cost; if that is news, the heap is told."""
        cdef int64_t before = self.numbers.used
        cdef int64_t number = numbers_add(&self.numbers, whole(<object> name))
        cdef Place place
        if number < 0:
            raise MemoryError
        cdef Met *one
        if number == before:
            self.grow(number)
            self.locate(name, &place)
            one = &self.met[number]
            one.name, one.ahead, one.visited = name, line(place, self.goal), False
        elif self.met[number].cost <= cost:
            return 0
        one = &self.met[number]
        one.cost, one.come_from = cost, come_from
        if not heap_push(&self.heap, cost + one.ahead, number):
            raise MemoryError
        return 0

    cdef int grow(self, int64_t number) except -1:
        """Make room for a junction of this number."""
        cdef int64_t room = max(256, 2 * self.room)
        if number < self.room:
            return 0
        cdef Met *met = <Met *> realloc(self.met, room * sizeof(Met))
        if met == NULL:
            raise MemoryError
        self.met, self.room = met, room
        return 0

    cdef int visit(self, int64_t here) except -1:
        """Follow the roads of one junction."""
        cdef PyObject *ways = PyDict_GetItem(self.roads, <object> self.met[here].name)
        cdef PyObject *name
        cdef PyObject *more
        cdef Py_ssize_t place = 0
        cdef int64_t cost = self.met[here].cost
        if ways == NULL:
            raise KeyError(<object> self.met[here].name)
        while PyDict_Next(<dict?> <object> ways, &place, &name, &more):
            self.meet(name, sum_of(cost, cost_of(<object> more)), here)
        return 0

    cpdef object route(self, object source, object target):
        """Return the cheapest way: its cost and its junctions, or None."""
        cdef int64_t here, goal = whole(target)
        numbers_clear(&self.numbers)
        self.heap.used = 0
        self.locate(<PyObject *> target, &self.goal)
        self.meet(<PyObject *> source, 0, 0)
        while self.heap.used:
            here = heap_pop(&self.heap).who
            if self.met[here].visited:
                continue  # a longer way, pushed before the shorter one
            if here == numbers_find(&self.numbers, goal):
                return self.met[here].cost, self.way(here)
            self.met[here].visited = True
            self.visit(here)
        return None

    def looked_at(self):
        """Return how many places of the table have to be looked at until every junction that was met has been found once."""
        return numbers_looked_at(&self.numbers)

    cdef list way(self, int64_t target):
        """Walk back from the target: once to count the steps, once to write them down."""
        cdef int64_t here = target, steps = 1
        cdef object name
        while here:  # the source has number 0
            here = self.met[here].come_from
            steps += 1
        path = PyList_New(steps)
        here = target
        while steps > 0:
            steps -= 1
            name = <object> self.met[here].name
            Py_INCREF(name)
            PyList_SET_ITEM(path, steps, name)  # which takes the reference over
            here = self.met[here].come_from
        return path


def routes(dict roads not None, dict places not None, list queries not None, built):
    """Return the cheapest way of each query (source, target): its cost and its junctions, or None."""
    cdef Walk walk = Walk(roads, places)
    return [walk.route(source, target) for source, target in queries]
