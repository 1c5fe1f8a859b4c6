/* Needles of like length are looked for together, by the filter; where it helps too little, by the automaton. */
#ifndef PERFLAB_MULTISCAN_SEARCH_H
#define PERFLAB_MULTISCAN_SEARCH_H

#include "automaton.h"
#include "filter.h"

#define KINDS 4 /* 1, 2..3, 4..7, 8 and more: a short needle spoils stride and pieces of those that are looked for with it */

static inline int kind_of(int64_t size) {
    return size >= 8 ? 3 : size >= 4 ? 2 : size >= 2;
}

/* Sort the needles by kind, `begins` says where each kind begins. */
static int needles_by_kind(Needle **needles, int64_t n, int64_t begins[KINDS + 1]) {
    int64_t next[KINDS] = {0};
    for (int64_t i = 0; i < n; i++) next[kind_of((*needles)[i].size)]++;
    begins[0] = 0;
    for (int kind = 0; kind < KINDS; kind++) begins[kind + 1] = begins[kind] + next[kind];
    for (int kind = 0; kind < KINDS; kind++)
        if (next[kind] == n) return 1; /* all alike: nothing to sort */
    Needle *sorted = (Needle *) malloc((size_t) n * sizeof(Needle));
    if (sorted == NULL) return 0;
    memcpy(next, begins, sizeof(next));
    for (int64_t i = 0; i < n; i++) sorted[next[kind_of((*needles)[i].size)]++] = (*needles)[i];
    free(*needles);
    *needles = sorted;
    return 1;
}

static int search_with_automaton(const Needle *needles, int64_t n, const uint8_t *text, int64_t size, Hits *hits) {
    Automaton automaton;
    memset(&automaton, 0, sizeof(automaton));
    int done = automaton_make(&automaton, needles, (size_t) n) && automaton_scan(&automaton, needles, text, size, hits);
    automaton_free(&automaton);
    return done;
}

/* Find needles of one kind.  Return 0 where there is no memory. */
static int search_kind(const Needle *needles, int64_t n, const uint8_t *text, int64_t size, Hits *hits) {
    int64_t shortest = needles[0].size, letters = 0;
    size_t before = hits->count;
    for (int64_t i = 0; i < n; i++) {
        if (needles[i].size < shortest) shortest = needles[i].size;
        letters += needles[i].size;
    }
    if (shortest > size) return 1;
    Filter filter;
    memset(&filter, 0, sizeof(filter));
    /* the automaton takes a step a byte, and building it about four a letter: when false alarms have cost as much, it is built.
       So whoever knows the windows can make us pay twice, but not more */
    Search search = {needles, text, size, size + 4 * letters, hits};
    int ended = filter_make(&filter, needles, n, shortest, text, size) ? filter_scan(&filter, &search) : NO_MEMORY;
    filter_free(&filter);
    if (ended != TOO_MANY_FALSE) return ended == FOUND_ALL;
    hits->count = before;
    return search_with_automaton(needles, n, text, size, hits);
}

/* Find all needles; they are sorted on the way.  Return 0 where there is no memory. */
static int search_all(Needle **needles, int64_t n, const uint8_t *text, int64_t size, Hits *hits) {
    int64_t begins[KINDS + 1];
    int done = needles_by_kind(needles, n, begins);
    for (int kind = 0; kind < KINDS && done; kind++)
        if (begins[kind] < begins[kind + 1])
            done = search_kind(*needles + begins[kind], begins[kind + 1] - begins[kind], text, size, hits);
    return done;
}

#endif
