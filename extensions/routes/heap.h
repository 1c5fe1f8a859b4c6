/* A heap in an array: four children to a junction, since two levels of a binary heap cost two cache lines where one will do. */
#ifndef ROUTES_HEAP_H
#define ROUTES_HEAP_H

#include <stdint.h>
#include <stdlib.h>

typedef struct {
    int64_t key;
    int64_t who;
} Waiting;

typedef struct {
    Waiting *items;
    int64_t used, room;
} Heap;

/* Put an entry in; 0: no memory. */
static inline int heap_push(Heap *heap, int64_t key, int64_t who) {
    if (heap->used == heap->room) {
        int64_t room = heap->room ? 2 * heap->room : 256;
        Waiting *items = (Waiting *) realloc(heap->items, (size_t) room * sizeof(Waiting));
        if (items == NULL) {
            return 0;
        }
        heap->items = items;
        heap->room = room;
    }
    Waiting *items = heap->items;
    int64_t place = heap->used++;
    while (place > 0) {
        int64_t above = (place - 1) >> 2;
        if (items[above].key <= key) {
            break;
        }
        items[place] = items[above];
        place = above;
    }
    items[place].key = key;
    items[place].who = who;
    return 1;
}

/* Which of the up to four children that begin at `below` is first. */
static inline int64_t first_child(const Waiting *items, int64_t below, int64_t used) {
    if (below + 4 <= used) { /* nearly always: a tournament that needs no branches */
        int64_t left = below + (items[below + 1].key < items[below].key);
        int64_t right = below + 2 + (items[below + 3].key < items[below + 2].key);
        return items[right].key < items[left].key ? right : left;
    }
    int64_t first = below;
    for (int64_t child = below + 1; child < used; child++) {
        if (items[child].key < items[first].key) {
            first = child;
        }
    }
    return first;
}

/* Take the first out of a heap that is not empty. */
static inline Waiting heap_pop(Heap *heap) {
    Waiting *items = heap->items;
    Waiting first = items[0], last = items[--heap->used];
    int64_t place = 0;
    for (;;) {
        int64_t below = 4 * place + 1;
        if (below >= heap->used) {
            break;
        }
        int64_t child = first_child(items, below, heap->used);
        if (items[child].key >= last.key) {
            break;
        }
        items[place] = items[child];
        place = child;
    }
    items[place] = last;
    return first;
}

#endif
