/* From junctions' names (any 64-bit integers) to small numbers: a hash table with open addressing. */
#ifndef ROUTES_NUMBERS_H
#define ROUTES_NUMBERS_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int64_t name;
    int64_t number; /* plus one; 0: nobody lives here */
} Entry;

typedef struct {
    uint64_t first, second; /* secrets of this process, see numbers_home */
} Secret;

typedef struct {
    Entry *entries;
    Secret secret;
    int64_t used, size;
    int shift; /* 64 - log2(size) */
} Numbers;

static inline int numbers_make(Numbers *table, int64_t expected, Secret secret) {
    int bits = 6;
    while (((int64_t) 1 << bits) < 2 * expected) {
        bits++;
    }
    table->secret = secret;
    table->used = 0;
    table->size = (int64_t) 1 << bits;
    table->shift = 64 - bits;
    table->entries = (Entry *) calloc((size_t) table->size, sizeof(Entry));
    return table->entries != NULL;
}

static inline void numbers_free(Numbers *table) {
    free(table->entries);
    table->entries = NULL;
}

static inline void numbers_clear(Numbers *table) {
    memset(table->entries, 0, (size_t) table->size * sizeof(Entry));
    table->used = 0;
}

/* Where the search for a name begins.

   Names are numbers that strangers choose (whoever draws a map), and who knew the hash could send all of them to one place.  So
   two secrets go into it: the product tells any two names apart with equal probability, whichever they are (pair-multiply: M.
   Thorup, "High speed hashing for integers and strings", 2015), and what follows spreads runs of neighbours. */
static inline uint64_t numbers_home(const Numbers *table, int64_t name) {
    uint64_t mixed = (table->secret.first + (uint32_t) name) * (table->secret.second + ((uint64_t) name >> 32));
    mixed ^= mixed >> 32;
    return (mixed * UINT64_C(0x9E3779B97F4A7C15)) >> table->shift;
}

/* The entry of a name, or the free one where it belongs. */
static inline Entry *numbers_entry(const Numbers *table, int64_t name) {
    uint64_t place = numbers_home(table, name);
    while (table->entries[place].number && table->entries[place].name != name) {
        place = (place + 1) & (uint64_t) (table->size - 1);
    }
    return &table->entries[place];
}

/* How many places have to be looked at until every name has been found once. */
static inline int64_t numbers_looked_at(const Numbers *table) {
    int64_t sum = 0;
    for (int64_t place = 0; place < table->size; place++) {
        if (table->entries[place].number) {
            uint64_t home = numbers_home(table, table->entries[place].name);
            sum += 1 + (int64_t) (((uint64_t) place - home) & (uint64_t) (table->size - 1));
        }
    }
    return sum;
}

/* The number of a name, or -1. */
static inline int64_t numbers_find(const Numbers *table, int64_t name) {
    return numbers_entry(table, name)->number - 1;
}

static inline int numbers_grow(Numbers *table) {
    Numbers larger;
    if (!numbers_make(&larger, 2 * table->size, table->secret)) {
        return 0;
    }
    for (int64_t place = 0; place < table->size; place++) {
        if (table->entries[place].number) {
            *numbers_entry(&larger, table->entries[place].name) = table->entries[place];
        }
    }
    larger.used = table->used;
    free(table->entries);
    *table = larger;
    return 1;
}

/* The number of a name, the next free one for a newcomer; -1: no memory. */
static inline int64_t numbers_add(Numbers *table, int64_t name) {
    Entry *entry = numbers_entry(table, name);
    if (entry->number) {
        return entry->number - 1;
    }
    if (2 * (table->used + 1) > table->size) {
        if (!numbers_grow(table)) {
            return -1;
        }
        entry = numbers_entry(table, name);
    }
    entry->name = name;
    entry->number = ++table->used;
    return entry->number - 1;
}

#endif
