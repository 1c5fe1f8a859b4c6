/* Folds lines "name;-12.3" into a hash table of (min, max, sum, rows) by name: one pass over the bytes. */
#ifndef PERFLAB_BRC_KERNEL_H
#define PERFLAB_BRC_KERNEL_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *name;    /* into the mapped file; NULL: empty */
    uint64_t hash;
    int64_t sum;
    int32_t length, low, high;
    uint32_t rows;
} Station;

typedef struct {
    Station *slots;
    uint64_t size, used; /* size is a power of two */
} Table;

static int table_make(Table *t, uint64_t size) {
    t->size = size;
    t->used = 0;
    t->slots = (Station *) calloc(size, sizeof(Station));
    return t->slots != NULL;
}

static int table_grow(Table *t) {
    Table larger;
    if (!table_make(&larger, t->size * 4)) return 0;
    for (uint64_t i = 0; i < t->size; i++) {
        if (!t->slots[i].name) continue;
        uint64_t slot = t->slots[i].hash & (larger.size - 1);
        while (larger.slots[slot].name) slot = (slot + 1) & (larger.size - 1);
        larger.slots[slot] = t->slots[i];
    }
    larger.used = t->used;
    free(t->slots);
    *t = larger;
    return 1;
}

/* a byte of the result is 0x80 where v has ';' (the lowest such byte is exact, which is all we ask) */
static inline uint64_t semicolons(uint64_t v) {
    uint64_t x = v ^ 0x3B3B3B3B3B3B3B3BULL;
    return (x - 0x0101010101010101ULL) & ~x & 0x8080808080808080ULL;
}

static inline uint64_t mix(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * 0x9E3779B97F4A7C15ULL;
    return hash ^ (hash >> 32);
}

/* Returns 0 when memory runs out.  Reads whole words only while eight bytes are left before `end`. */
static int count_lines(Table *t, const char *at, const char *end) {
    while (at < end) {
        const char *name = at;
        uint64_t hash = 0, found = 0;
        while (end - at >= 8) {
            uint64_t word;
            memcpy(&word, at, 8);
            found = semicolons(word);
            if (found) {
                int bytes = __builtin_ctzll(found) >> 3;
                if (bytes) hash = mix(hash, word & (~0ULL >> (64 - 8 * bytes)));
                at += bytes;
                break;
            }
            hash = mix(hash, word);
            at += 8;
        }
        if (!found) {
            uint64_t word = 0;
            int shift = 0;
            while (at < end && *at != ';') {
                word |= (uint64_t) (unsigned char) *at++ << shift;
                shift += 8;
            }
            if (shift) hash = mix(hash, word);
            if (at == end) return 1; /* no reading: not a line */
        }
        int32_t length = (int32_t) (at - name);
        at++;
        int32_t sign = 1, tenths;
        if (*at == '-') { sign = -1; at++; }
        if (at[1] == '.') { tenths = (at[0] - '0') * 10 + (at[2] - '0'); at += 4; }
        else { tenths = (at[0] - '0') * 100 + (at[1] - '0') * 10 + (at[3] - '0'); at += 5; }
        tenths *= sign;
        uint64_t slot = hash & (t->size - 1);
        Station *s = &t->slots[slot];
        while (s->name && (s->hash != hash || s->length != length || memcmp(s->name, name, (size_t) length))) {
            slot = (slot + 1) & (t->size - 1);
            s = &t->slots[slot];
        }
        if (!s->name) {
            s->name = name; s->hash = hash; s->length = length;
            s->low = s->high = tenths; s->sum = tenths; s->rows = 1;
            if (++t->used * 2 > t->size && !table_grow(t)) return 0;
            continue;
        }
        if (tenths < s->low) s->low = tenths;
        if (tenths > s->high) s->high = tenths;
        s->sum += tenths;
        s->rows++;
    }
    return 1;
}

#endif
