/* Dijkstra and A* on compressed sparse rows. */
#ifndef ROUTES_SEARCH_H
#define ROUTES_SEARCH_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "heap.h"

typedef struct {
    int64_t cost;
    int64_t to; /* cost and head side by side: a junction's three or so roads are one cache line, seldom two */
} Road;

typedef struct {
    int32_t x, y;
} Place;

typedef struct {
    int64_t junctions;
    int64_t *starts; /* one more than junctions */
    Road *roads;
    Place *places; /* NULL: nobody will ask for straight lines */
} Rows;

typedef struct {
    int64_t cost;
    int32_t from;
    int32_t seen; /* 2 s: reached by search s, 2 s + 1: visited by it; so nothing is wiped between searches */
} Reached;

typedef struct {
    Reached *reached;
    uint8_t *wanted;
    Heap heap;
    int32_t number; /* of this search */
} Search;

static inline int search_make(Search *search, int64_t junctions) {
    search->heap = (Heap){NULL, 0, 0};
    search->number = 0;
    /* calloc: of a large network only the pages that are touched ever become memory */
    search->reached = (Reached *) calloc((size_t) junctions + 1, sizeof(Reached));
    search->wanted = (uint8_t *) calloc((size_t) junctions + 1, 1);
    return search->reached != NULL && search->wanted != NULL;
}

static inline void search_free(Search *search) {
    free(search->reached);
    free(search->wanted);
    free(search->heap.items);
}

/* The straight line, rounded down: exact, since squared distances below 2^51 have roots that no rounding lifts to an integer. */
static inline int64_t line(Place a, Place b) {
    int64_t x = (int64_t) a.x - b.x, y = (int64_t) a.y - b.y;
    return (int64_t) sqrt((double) (x * x + y * y));
}

/* Visit junctions until `left` of the wanted ones have had their turn; `guide` is the target of A*, or NULL.  0: no memory. */
static inline int search_run(const Rows *rows, Search *search, int64_t source, int64_t left, const Place *guide) {
    const int32_t open = search->number += 2, done = open + 1;
    Heap *heap = &search->heap;
    heap->used = 0;
    search->reached[source] = (Reached){0, (int32_t) source, open};
    if (!heap_push(heap, 0, source)) {
        return 0;
    }
    while (left && heap->used) {
        int64_t here = heap_pop(heap).who;
        Reached *at = &search->reached[here];
        if (at->seen == done) {
            continue; /* a longer way, pushed before the shorter one */
        }
        at->seen = done;
        left -= search->wanted[here];
        for (int64_t i = rows->starts[here]; i < rows->starts[here + 1]; i++) {
            const Road road = rows->roads[i];
            Reached *next = &search->reached[road.to];
            const int64_t cost = at->cost + road.cost;
            if (next->seen >= open && next->cost <= cost) {
                continue;
            }
            *next = (Reached){cost, (int32_t) here, open};
            if (!heap_push(heap, guide ? cost + line(rows->places[road.to], *guide) : cost, road.to)) {
                return 0;
            }
        }
    }
    return 1;
}

/* Dijkstra until every target (there may be doubles among them) has been visited; 0: no memory. */
static inline int search_tree(const Rows *rows, Search *search, int64_t source, const int64_t *targets, int64_t count) {
    int64_t left = 0;
    for (int64_t i = 0; i < count; i++) {
        left += !search->wanted[targets[i]];
        search->wanted[targets[i]] = 1;
    }
    int done = search_run(rows, search, source, left, NULL);
    for (int64_t i = 0; i < count; i++) {
        search->wanted[targets[i]] = 0;
    }
    return done;
}

/* A* to one target; 0: no memory. */
static inline int search_guided(const Rows *rows, Search *search, int64_t source, int64_t target) {
    search->wanted[target] = 1;
    int done = search_run(rows, search, source, 1, &rows->places[target]);
    search->wanted[target] = 0;
    return done;
}

/* Whether the last search has visited a junction, so that its cost is final. */
static inline int search_visited(const Search *search, int64_t junction) {
    return search->reached[junction].seen == search->number + 1;
}

/* How many junctions there are on the way to one that was visited, both ends included. */
static inline int64_t search_length(const Search *search, int64_t junction) {
    int64_t length = 1;
    while (search->reached[junction].from != junction) {
        junction = search->reached[junction].from;
        length++;
    }
    return length;
}

#endif
