"""What the compiled variants share: the headers, and the class that holds a network as compressed sparse rows."""

from cpython.long cimport PyLong_AsLongLongAndOverflow
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t


cdef enum:
    FARTHEST = 1 << 24  # metres from the middle: squares of distances below 2**51 have exact roots in doubles


cdef extern from "heap.h" nogil:
    ctypedef struct Waiting:
        int64_t key
        int64_t who
    ctypedef struct Heap:
        Waiting *items
        int64_t used
        int64_t room
    int heap_push(Heap *heap, int64_t key, int64_t who)
    Waiting heap_pop(Heap *heap)


cdef extern from "numbers.h" nogil:
    ctypedef struct Secret:
        uint64_t first
        uint64_t second
    ctypedef struct Numbers:
        int64_t used
    int numbers_make(Numbers *table, int64_t expected, Secret secret)
    int64_t numbers_looked_at(const Numbers *table)
    void numbers_free(Numbers *table)
    void numbers_clear(Numbers *table)
    int64_t numbers_find(const Numbers *table, int64_t name)
    int64_t numbers_add(Numbers *table, int64_t name)


cdef extern from "search.h" nogil:
    ctypedef struct Road:
        int64_t cost
        int64_t to
    ctypedef struct Place:
        int32_t x
        int32_t y
    ctypedef struct Rows:
        int64_t junctions
        int64_t *starts
        Road *roads
        Place *places
    ctypedef struct Reached:
        int64_t cost
        int32_t from_ "from"
    ctypedef struct Search:
        Reached *reached
    int search_make(Search *search, int64_t junctions)
    void search_free(Search *search)
    int64_t line(Place a, Place b)
    int search_tree(const Rows *rows, Search *search, int64_t source, const int64_t *targets, int64_t count)
    int search_guided(const Rows *rows, Search *search, int64_t source, int64_t target)
    int search_visited(const Search *search, int64_t junction)
    int64_t search_length(const Search *search, int64_t junction)


cdef inline Secret secret():
    """Return the secrets of this process, new in every one but for those that ask for the same by PYTHONHASHSEED."""
    return Secret(<uint64_t> <int64_t> hash(b"perflab routes 1"), <uint64_t> <int64_t> hash(b"perflab routes 2"))


cdef inline int64_t whole(object number) except? -1:
    """Return an integer as 64 bits; nothing is cut.

    Raises:
        TypeError: it is no integer.
        OverflowError: it does not fit.
    """
    cdef int beyond = 0
    cdef int64_t found = PyLong_AsLongLongAndOverflow(number, &beyond)
    if beyond:
        raise OverflowError(f"{number} does not lie between {-(2**63)} and {2**63 - 1}, as names, costs and places must here")
    return found


cdef inline int64_t cost_of(object number) except -1:
    """Return what a road costs.

    Raises:
        ValueError: less than 1.
    """
    cdef int64_t cost = whole(number)
    if cost < 1:
        raise ValueError(f"a road costs at least 1, not {number}")
    return cost


cdef inline int64_t sum_of(int64_t one, int64_t other) except -1:
    """Add two costs, neither of them negative; a line ahead may still be added to what is returned.

    Raises:
        OverflowError: the sum is not below 2**62.
    """
    if other > (<int64_t> 1 << 62) - 1 - one:
        raise OverflowError(f"costs add up to {(<object> one) + other}; here they must stay below {2**62}")
    return one + other


cdef inline Place place_of(object found) except *:
    """Return where a junction is.

    Raises:
        OverflowError: farther than 2**24 from the middle.
    """
    x, y = <tuple?> found
    cdef int64_t right = whole(x), down = whole(y)
    if right < -FARTHEST or right > FARTHEST or down < -FARTHEST or down > FARTHEST:
        raise OverflowError(f"a junction at {x}, {y}; {FARTHEST} from the middle is the farthest here")
    return Place(<int32_t> right, <int32_t> down)
