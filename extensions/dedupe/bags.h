/* Records by length, each with the bag of its letters: how many of each there are. */
#ifndef PERFLAB_BAGS_H
#define PERFLAB_BAGS_H

#include "records.h"

#define BINS 32

typedef struct {
    uint8_t count[BINS];
} Bag;

typedef struct {
    long *order; /* numbers of the records, the short ones first */
    Bag *bags;   /* in that order */
} Shelf;

/* Lay the records out.  Return 0 and leave an error where there is no memory; free it in any case. */
static int shelf_fill(Shelf *s, const Records *r, long n) {
    long *next = (long *) calloc((size_t) r->longest + 2, sizeof(long));
    s->order = (long *) malloc((n + 1) * sizeof(long));
    s->bags = (Bag *) calloc((size_t) n + 1, sizeof(Bag));
    if (next == NULL || s->order == NULL || s->bags == NULL) {
        free(next);
        PyErr_NoMemory();
        return 0;
    }
    for (long i = 0; i < n; i++) next[r->starts[i + 1] - r->starts[i] + 1]++;
    for (long size = 0; size <= r->longest; size++) next[size + 1] += next[size];
    for (long i = 0; i < n; i++) s->order[next[r->starts[i + 1] - r->starts[i]]++] = i;
    free(next);
    for (long place = 0; place < n; place++) {
        Bag *bag = &s->bags[place];
        for (long i = r->starts[s->order[place]]; i < r->starts[s->order[place] + 1]; i++) {
            uint8_t *count = &bag->count[r->text[i] % BINS];
            *count += *count < 255; /* sharing a bin and stopping at 255 can only hide a difference, never make one */
        }
    }
    return 1;
}

static void shelf_free(Shelf *s) {
    free(s->order);
    free(s->bags);
}

/* Return by how many letters two bags differ. */
static inline int bags_differ(const Bag *a, const Bag *b) {
    int sum = 0;
    for (int bin = 0; bin < BINS; bin++) sum += abs(a->count[bin] - b->count[bin]); /* the compiler makes two instructions of it */
    return sum;
}

/* Return the first place from `from` up to `to` whose bag differs by at most `most` letters from `bag`; `to` if there is none. */
static long next_alike(const Bag *bags, long from, long to, const Bag *bag, long most) {
    Bag mine = *bag;
    while (from < to && bags_differ(&bags[from], &mine) > most) from++;
    return from;
}

#endif
