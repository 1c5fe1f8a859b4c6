"""A trie of segments in C that reads paths where they lie: no Python object but the answer's.

The children of all places that are reached by a literal live in one hash table, keyed by place and segment.  Every place knows the
first registered route below it, so that a branch in which nothing earlier can be found is left out.
"""

cimport cython
from cpython.dict cimport PyDict_GetItem, PyDict_SetItem
from cpython.ref cimport PyObject
from cpython.unicode cimport PyUnicode_GET_LENGTH, PyUnicode_Substring
from libc.stdint cimport INT32_MAX, int32_t, int64_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc

from cases.router.asgi import serve
from cases.router.templates import INTEGER, REST, allow, methods_of, parse, segment


cdef extern from "segments.h":
    ctypedef struct Segment:
        Py_ssize_t start, end
        uint64_t hash
        bint digits, braces

    Py_ssize_t split(object text, Segment *segments, Py_ssize_t most) noexcept
    bint begins_with_slash(object text) noexcept
    bint same(PyObject *a, Py_ssize_t a_start, PyObject *b, Py_ssize_t b_start, Py_ssize_t size) noexcept
    int64_t number(object text, Py_ssize_t start, Py_ssize_t end) noexcept


cdef struct Place:
    int32_t text, integer  # the places one parameter further; 0: none
    int32_t ends, rest  # the first route that ends here, and that takes all that is left; -1: none
    int32_t least  # the first registered of all routes in here and below
    bint literals  # whether any literal leads on


cdef struct End:
    int32_t method, route, next


cdef struct Edge:
    uint64_t hash
    PyObject *template  # borrowed; the segment's letters are in there
    Py_ssize_t start, size
    int32_t place, child  # child 0: nothing lives in this slot


cdef struct Value:
    Py_ssize_t start, end
    bint integer


cdef enum:
    ROOM = 24  # segments of the deepest template for which a search needs no memory of its own
    DIGITS = 18  # so many fit a C integer


cdef struct Search:
    PyObject *path
    Py_ssize_t count, filled  # segments of the path, as far as any template goes; how many of them are known
    Segment *segments
    Value *now  # parameters on the way to where the search is
    Value *kept  # those of the best route so far
    Py_ssize_t depth  # how many these are
    int32_t method, best
    char *seen  # where not NULL: which methods were met; and nothing is left out
    bint matched


@cython.final
cdef class Router:
    """Finds the first registered route that matches."""

    cdef Place *places
    cdef End *ends
    cdef Edge *edges
    cdef int32_t n_places, room_places, n_ends, room_ends
    cdef uint64_t n_edges, room_edges
    cdef Py_ssize_t most  # segments of the deepest template
    cdef list templates, handlers, names, methods
    cdef dict numbers, parameters
    cdef object found, missing, forbidden

    def __cinit__(self, list routes):
        self.room_places, self.room_ends, self.room_edges, self.most = 16, 16, 64, 1
        self.places = <Place *> malloc(self.room_places * sizeof(Place))
        self.ends = <End *> malloc(self.room_ends * sizeof(End))
        self.edges = <Edge *> calloc(self.room_edges, sizeof(Edge))
        if self.places == NULL or self.ends == NULL or self.edges == NULL:
            raise MemoryError
        self.templates, self.handlers, self.names, self.methods = [], [], [], []
        self.numbers, self.parameters = {}, {}
        self.found, self.missing, self.forbidden = 200, 404, 405
        self.new_place(INT32_MAX)
        for method, template, handler in routes:
            self.add(method, template, handler)

    def __dealloc__(self):
        free(self.places)
        free(self.ends)
        free(self.edges)

    cdef int add(self, str method, str template, str handler) except -1:
        """Register one route after all others."""
        cdef int32_t route = <int32_t> len(self.handlers), place = 0
        cdef Py_ssize_t count = template.count("/"), level
        cdef Segment *segments
        cdef list names = []
        cdef bint rest = False
        if not begins_with_slash(template):
            parse(template)  # says what is wrong
        segments = <Segment *> malloc(count * sizeof(Segment))
        if segments == NULL:
            raise MemoryError
        try:
            split(template, segments, count)
            self.places[0].least = min(self.places[0].least, route)
            for level in range(count):
                if not segments[level].braces:
                    place = self.literal_child(place, template, &segments[level], route)
                    continue
                kind, name = self.parameter(template[segments[level].start:segments[level].end])
                rest = kind == REST
                if name in names or (rest and level < count - 1):
                    parse(template)  # says what is wrong
                names.append(name)
                if not rest:
                    place = self.child(place, kind == INTEGER, route)
        finally:
            free(segments)
        self.most = max(self.most, count)
        self.templates.append(template)
        self.handlers.append(handler)
        self.names.append(tuple(names))
        for answered in methods_of(method):
            self.end(place, rest, self.method_number(answered), route)
        return 0

    cdef tuple parameter(self, str text):
        """Return kind and name; the same few come again and again."""
        known = self.parameters.get(text)
        if known is None:
            known = self.parameters[text] = tuple(segment(text))
        return known

    cdef int32_t method_number(self, str method) except -1:
        if method not in self.numbers:
            self.numbers[method] = len(self.methods)
            self.methods.append(method)
        return self.numbers[method]

    cdef int32_t new_place(self, int32_t route) except -1:
        cdef Place *grown
        if self.n_places == self.room_places:
            grown = <Place *> realloc(self.places, 2 * self.room_places * sizeof(Place))
            if grown == NULL:
                raise MemoryError
            self.places, self.room_places = grown, 2 * self.room_places
        self.places[self.n_places] = Place(text=0, integer=0, ends=-1, rest=-1, least=route, literals=False)
        self.n_places += 1
        return self.n_places - 1

    cdef int32_t child(self, int32_t place, bint integer, int32_t route) except -1:
        """Return the place behind a parameter, new or not."""
        cdef int32_t child = self.places[place].integer if integer else self.places[place].text
        if child == 0:
            child = self.new_place(route)  # which may move all places
            if integer:
                self.places[place].integer = child
            else:
                self.places[place].text = child
        return child

    cdef int32_t literal_child(self, int32_t place, str template, Segment *one, int32_t route) except -1:
        """Return the place behind a literal, new or not."""
        cdef Edge *edge = self.slot(place, one, <PyObject *> template)
        if edge.child == 0:
            edge[0] = Edge(one.hash, <PyObject *> template, one.start, one.end - one.start, place, self.n_places)
            self.places[place].literals = True
            self.n_edges += 1
            self.new_place(route)
            if 2 * self.n_edges > self.room_edges:
                self.rehash()
            return self.n_places - 1
        return edge.child

    cdef inline Edge *slot(self, int32_t place, Segment *one, PyObject *text) noexcept:
        """Return the slot of an edge, or the free one where it belongs."""
        # the golden ratio tells places apart, the shift brings high bits down (Knuth, vol. 3, 6.4)
        cdef uint64_t mixed = (one.hash ^ <uint64_t> place) * <uint64_t> 0x9E3779B97F4A7C15
        cdef uint64_t at = (mixed ^ (mixed >> 32)) & (self.room_edges - 1)
        cdef Edge *edge = &self.edges[at]
        while edge.child and not (
            edge.hash == one.hash and edge.place == place and edge.size == one.end - one.start
            and same(edge.template, edge.start, text, one.start, edge.size)
        ):
            at = (at + 1) & (self.room_edges - 1)
            edge = &self.edges[at]
        return edge

    cdef int rehash(self) except -1:
        """Move all edges to a table four times as large."""
        cdef Edge *old = self.edges
        cdef uint64_t size = self.room_edges, at
        cdef Segment one
        self.edges = <Edge *> calloc(4 * size, sizeof(Edge))
        if self.edges == NULL:
            self.edges = old
            raise MemoryError
        self.room_edges = 4 * size
        for at in range(size):
            if old[at].child:
                one = Segment(old[at].start, old[at].start + old[at].size, old[at].hash, False, False)
                self.slot(old[at].place, &one, old[at].template)[0] = old[at]
        free(old)
        return 0

    cdef int end(self, int32_t place, bint rest, int32_t method, int32_t route) except -1:
        """Let a route end here, unless an earlier one answers that method."""
        cdef End *grown
        cdef int32_t first = self.places[place].rest if rest else self.places[place].ends, last = -1, one = first
        while one >= 0:
            if self.ends[one].method == method:
                return 0
            last, one = one, self.ends[one].next
        if self.n_ends == self.room_ends:
            grown = <End *> realloc(self.ends, 2 * self.room_ends * sizeof(End))
            if grown == NULL:
                raise MemoryError
            self.ends, self.room_ends = grown, 2 * self.room_ends
        self.ends[self.n_ends] = End(method, route, -1)
        if last >= 0:
            self.ends[last].next = self.n_ends
        elif rest:
            self.places[place].rest = self.n_ends
        else:
            self.places[place].ends = self.n_ends
        self.n_ends += 1
        return 0

    cdef void arrive(self, Search *search, int32_t end, Py_ssize_t depth) noexcept:
        """Look through the routes that end in one place."""
        cdef Py_ssize_t number
        while end >= 0:
            search.matched = True
            if search.seen != NULL:
                search.seen[self.ends[end].method] = 1
            elif self.ends[end].method == search.method:
                if self.ends[end].route < search.best:
                    search.best = self.ends[end].route
                    search.depth = depth
                    for number in range(depth):
                        search.kept[number] = search.now[number]
                return
            end = self.ends[end].next

    cdef void walk(self, Search *search, int32_t at, Py_ssize_t level, Py_ssize_t depth) noexcept:
        """Go on from one place; where several ways lead on, the one with the earliest route first."""
        cdef Place *place
        cdef Segment *one
        cdef int32_t ways[3]
        cdef int32_t way, text, integer
        cdef int n, i, j = 0
        while True:
            place = &self.places[at]
            if place.least >= search.best:
                return
            if level == search.count:
                self.arrive(search, place.ends, depth)
                return
            if level >= search.filled:
                return
            one = &search.segments[level]
            if place.rest >= 0:
                search.now[depth] = Value(one.start, PyUnicode_GET_LENGTH(<object> search.path), False)
                self.arrive(search, place.rest, depth + 1)
            text = place.text if one.end > one.start else 0
            integer = place.integer if one.digits else 0
            n = 0
            way = self.slot(at, one, search.path).child if place.literals else 0
            for way in (way, integer, text):
                if way == 0:
                    continue
                i = n
                while i > 0 and self.places[ways[i - 1]].least > self.places[way].least:
                    ways[i] = ways[i - 1]
                    i -= 1
                ways[i] = way
                n += 1
            if n == 0:
                return
            for i in range(n):
                at = ways[i]
                j = 0
                if at == text or at == integer:
                    search.now[depth] = Value(one.start, one.end, at == integer)
                    j = 1
                if i < n - 1:
                    self.walk(search, at, level + 1, depth + j)
            level += 1
            depth += j

    cdef tuple answer(self, str method, str path):
        """Search and build the answer, in the stack's memory where that is enough."""
        cdef Segment segments[ROOM]
        cdef Value now[ROOM]
        cdef Value kept[ROOM]
        cdef Search search
        cdef char *room = NULL
        if not begins_with_slash(path):
            return self.missing, "", {}
        search.path, search.segments, search.now, search.kept = <PyObject *> path, segments, now, kept
        if self.most > ROOM:
            room = <char *> malloc(self.most * (sizeof(Segment) + 2 * sizeof(Value)))
            if room == NULL:
                raise MemoryError
            search.segments = <Segment *> room
            search.now = <Value *> (room + self.most * sizeof(Segment))
            search.kept = search.now + self.most
        try:
            return self.answer_in(method, path, &search)
        finally:
            free(room)

    cdef tuple answer_in(self, str method, str path, Search *search):
        cdef PyObject *known = PyDict_GetItem(self.numbers, method)
        search.method = <int32_t> <object> known if known != NULL else -1
        search.count = split(path, search.segments, self.most)
        search.filled = min(search.count, self.most)
        search.best, search.seen, search.matched = INT32_MAX, NULL, False
        self.walk(search, 0, 0, 0)
        if search.best < INT32_MAX:
            return self.found, self.handlers[search.best], self.values(search, path)
        if search.matched:
            return self.forbidden, self.allowed(search), {}
        return self.missing, "", {}

    cdef dict values(self, Search *search, str path):
        """Return what the path says."""
        cdef dict found = {}
        cdef tuple names = <tuple> self.names[search.best]
        cdef Value *one
        cdef Py_ssize_t place
        for place in range(search.depth):
            one = &search.kept[place]
            if not one.integer:
                value = PyUnicode_Substring(path, one.start, one.end)
            elif one.end - one.start <= DIGITS:
                value = number(path, one.start, one.end)
            else:
                value = int(PyUnicode_Substring(path, one.start, one.end))
            PyDict_SetItem(found, names[place], value)
        return found

    cdef str allowed(self, Search *search):
        """Walk once more, to every place, and note the methods."""
        cdef Py_ssize_t place
        search.seen = <char *> calloc(len(self.methods), 1)
        if search.seen == NULL:
            raise MemoryError
        try:
            self.walk(search, 0, 0, 0)
            return allow([self.methods[place] for place in range(len(self.methods)) if search.seen[place]])
        finally:
            free(search.seen)

    def find(self, str method not None, str path not None):
        """Return the handler and its parameters, or why there is none."""
        return self.answer(method, path)


def dispatch(list routes, list requests, layers):
    """Build a router and answer requests with it, alone or under layers of middleware."""
    cdef Router router = Router(routes)
    if layers is not None:
        return serve(router.find, router.handlers, requests, layers)
    return [router.answer(method, path) for method, path in requests]
