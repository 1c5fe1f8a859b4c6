"""What the compiled variants share: the headers, and the class that holds a network as compressed sparse rows."""

from libc.stdint cimport int32_t, int64_t, uint8_t


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
    ctypedef struct Numbers:
        int64_t used
    int numbers_make(Numbers *table, int64_t expected)
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
