/* Aho and Corasick's automaton, laid out for the cache.

   States are numbered breadth first.  So the children of a state are neighbours, failure links point to smaller numbers, and
   the states near the root, where a walk spends nearly all its time, are the first ones.  Those have a complete row of
   transitions each, by class of byte; the others have their children's letters and a failure link.
   Source: A. Aho, M. Corasick, "Efficient string matching", 1975. */
#ifndef PERFLAB_MULTISCAN_AUTOMATON_H
#define PERFLAB_MULTISCAN_AUTOMATON_H

#include "patterns.h"

#define ROWS_MOST (1 << 17) /* transitions in rows: half a megabyte stays in the second cache */

typedef struct {
    int32_t states, dense;
    int shift;               /* a row has 1 << shift transitions */
    uint8_t classes[256];    /* of bytes; 0: occurs in no pattern */
    uint8_t *letter;         /* that leads to a state */
    int32_t *first;          /* child of a state; they end where the next state's begin */
    int32_t *fail;
    int32_t *ending;         /* 1 + index of a needle that ends here; 0: none does */
    int32_t *same;           /* 1 + index of another needle with the same letters, by needle */
    int32_t *hit;            /* the nearest state on the way of failures where a needle ends, this one included; 0: none */
    int32_t *rows;
} Automaton;

static void automaton_free(Automaton *a) {
    free(a->letter);
    free(a->first);
    free(a->fail);
    free(a->ending);
    free(a->same);
    free(a->hit);
    free(a->rows);
    memset(a, 0, sizeof(*a));
}

/* The trie in the order of insertion: children of a state are a linked list. */
typedef struct {
    int32_t states;
    int32_t *child, *sibling, *ending;
    uint8_t *letter;
} Trie;

static void trie_free(Trie *t) {
    free(t->child);
    free(t->sibling);
    free(t->ending);
    free(t->letter);
}

/* Return the child of a state by that letter, a new one if need be. */
static inline int32_t trie_child(Trie *t, int32_t state, uint8_t letter) {
    int32_t child = t->child[state];
    while (child && t->letter[child] != letter) child = t->sibling[child];
    if (child) return child;
    child = t->states++;
    t->letter[child] = letter;
    t->sibling[child] = t->child[state];
    t->child[state] = child;
    return child;
}

static int trie_make(Trie *t, const Needle *needles, size_t n, int32_t *same) {
    size_t most = 2;
    for (size_t i = 0; i < n; i++) most += (size_t) needles[i].size;
    if (most > INT32_MAX) return 0;
    t->states = 1;
    t->child = (int32_t *) calloc(most, sizeof(int32_t));
    t->sibling = (int32_t *) calloc(most, sizeof(int32_t));
    t->ending = (int32_t *) calloc(most, sizeof(int32_t));
    t->letter = (uint8_t *) calloc(most, 1);
    if (t->child == NULL || t->sibling == NULL || t->ending == NULL || t->letter == NULL) return 0;
    for (size_t i = 0; i < n; i++) {
        int32_t state = 0;
        for (Py_ssize_t k = 0; k < needles[i].size; k++) state = trie_child(t, state, needles[i].letters[k]);
        same[i] = t->ending[state];
        t->ending[state] = (int32_t) i + 1;
    }
    return 1;
}

/* Give every byte of the patterns a class of its own, all others class 0. */
static void automaton_classify(Automaton *a, const Trie *t) {
    int used[256] = {0}, classes = 1;
    for (int32_t state = 1; state < t->states; state++) used[t->letter[state]] = 1;
    for (int byte = 0; byte < 256; byte++) {
        a->classes[byte] = used[byte] ? (uint8_t) (classes < 256 ? classes : 0) : 0;
        classes += used[byte];
    }
    /* all 256 bytes in use: nobody is left for class 0, so the one that wrapped around may have it */
    a->shift = 0;
    while ((1 << a->shift) < classes && a->shift < 8) a->shift++;
}

/* Number the trie's states breadth first; `order` says which state of the trie has a number. */
static void automaton_number(Automaton *a, const Trie *t, int32_t *order) {
    int32_t next = 1;
    order[0] = 0;
    for (int32_t state = 0; state < t->states; state++) {
        a->first[state] = next;
        a->letter[state] = t->letter[order[state]];
        a->ending[state] = t->ending[order[state]];
        for (int32_t child = t->child[order[state]]; child; child = t->sibling[child]) order[next++] = child;
    }
    a->first[t->states] = next;
}

/* Return the state after one more letter. */
static inline int32_t automaton_step(const Automaton *a, int32_t state, uint8_t letter) {
    while (state >= a->dense) {
        for (int32_t child = a->first[state]; child < a->first[state + 1]; child++)
            if (a->letter[child] == letter) return child;
        state = a->fail[state];
    }
    return a->rows[((size_t) state << a->shift) + a->classes[letter]];
}

/* Fill the row of a state whose failure state has its own. */
static inline void automaton_row(Automaton *a, int32_t state) {
    int32_t *row = &a->rows[(size_t) state << a->shift];
    if (state) memcpy(row, &a->rows[(size_t) a->fail[state] << a->shift], sizeof(int32_t) << a->shift);
    for (int32_t child = a->first[state]; child < a->first[state + 1]; child++) row[a->classes[a->letter[child]]] = child;
}

/* Set failure links, rows and hits, breadth first: what they are made of has smaller numbers. */
static void automaton_link(Automaton *a) {
    for (int32_t state = 0; state < a->states; state++) {
        if (state < a->dense) automaton_row(a, state);
        a->hit[state] = a->ending[state] ? state : a->hit[a->fail[state]];
        for (int32_t child = a->first[state]; child < a->first[state + 1]; child++)
            a->fail[child] = state ? automaton_step(a, a->fail[state], a->letter[child]) : 0;
    }
}

/* Build the automaton of some needles.  Return 0 where there is no memory; free it in any case. */
static int automaton_make(Automaton *a, const Needle *needles, size_t n) {
    Trie trie = {0, NULL, NULL, NULL, NULL};
    int32_t *order = NULL;
    int made = 0;
    a->same = (int32_t *) malloc((n + 1) * sizeof(int32_t));
    if (a->same != NULL && trie_make(&trie, needles, n, a->same)) {
        size_t states = (size_t) trie.states;
        a->states = trie.states;
        automaton_classify(a, &trie);
        a->dense = (ROWS_MOST >> a->shift) < a->states ? ROWS_MOST >> a->shift : a->states;
        a->letter = (uint8_t *) malloc(states);
        a->first = (int32_t *) malloc((states + 1) * sizeof(int32_t));
        a->fail = (int32_t *) calloc(states, sizeof(int32_t));
        a->ending = (int32_t *) malloc(states * sizeof(int32_t));
        a->hit = (int32_t *) calloc(states, sizeof(int32_t));
        a->rows = (int32_t *) calloc((size_t) a->dense << a->shift, sizeof(int32_t));
        order = (int32_t *) malloc(states * sizeof(int32_t));
        made = a->letter && a->first && a->fail && a->ending && a->hit && a->rows && order;
    }
    if (made) {
        automaton_number(a, &trie, order);
        automaton_link(a);
    }
    free(order);
    trie_free(&trie);
    return made;
}

/* Note all needles that end in this state, `end` being the place behind them. */
static int automaton_report(const Automaton *a, const Needle *needles, int32_t state, int64_t end, Hits *hits) {
    for (int32_t at = a->hit[state]; at; at = a->hit[a->fail[at]])
        for (int32_t needle = a->ending[at]; needle; needle = a->same[needle - 1])
            if (!hits_add(hits, needles[needle - 1].number, end - needles[needle - 1].size)) return 0;
    return 1;
}

/* Walk over the text.  Return 0 where there is no memory for the hits. */
static int automaton_scan(const Automaton *a, const Needle *needles, const uint8_t *text, int64_t size, Hits *hits) {
    int32_t state = 0;
    for (int64_t i = 0; i < size; i++) {
        state = automaton_step(a, state, text[i]);
        if (a->hit[state] && !automaton_report(a, needles, state, i + 1, hits)) return 0;
    }
    return 1;
}

#endif
