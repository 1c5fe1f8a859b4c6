/* Edit distance by bit-parallel columns: Myers (J. ACM 46, 1999) in Hyyro's form (2003), with an early exit.

   A pattern's masks live in a small open hash table (letter -> slot of `words` words): any code point, no table of
   1.1 million rows.  All functions return k + 1 when the distance exceeds k. */
#ifndef PERFLAB_BITPARALLEL_H
#define PERFLAB_BITPARALLEL_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    uint32_t *letters;   /* letter + 1 per slot, 0: empty */
    uint64_t *masks;     /* slots * words */
    uint64_t *columns;   /* 2 * words: vertical plus and minus */
    uint32_t slots;      /* a power of two */
    long words;
    uint64_t nothing;
} Pattern;

static int pattern_make(Pattern *p, long longest) {
    p->slots = 16;
    while (p->slots < 2 * (uint32_t) longest + 2) p->slots *= 2;
    p->words = longest > 0 ? (longest + 63) / 64 : 1;
    p->letters = (uint32_t *) calloc(p->slots, sizeof(uint32_t));
    p->masks = (uint64_t *) calloc((size_t) p->slots * p->words, sizeof(uint64_t));
    p->columns = (uint64_t *) calloc((size_t) 2 * p->words, sizeof(uint64_t));
    return p->letters && p->masks && p->columns;
}

static void pattern_free(Pattern *p) {
    free(p->letters);
    free(p->masks);
    free(p->columns);
}

static inline uint32_t pattern_slot(const Pattern *p, uint32_t letter) {
    uint32_t slot = (letter * 2654435761u >> 7) & (p->slots - 1);
    while (p->letters[slot] != 0 && p->letters[slot] != letter + 1) slot = (slot + 1) & (p->slots - 1);
    return slot;
}

static void pattern_set(Pattern *p, const uint32_t *text, long length) {
    for (long i = 0; i < length; i++) {
        uint32_t slot = pattern_slot(p, text[i]);
        p->letters[slot] = text[i] + 1;
        p->masks[(size_t) slot * p->words + i / 64] |= (uint64_t) 1 << (i % 64);
    }
}

static void pattern_clear(Pattern *p, const uint32_t *text, long length) {
    /* two passes: emptying a slot in between would break the probing of the others */
    for (long i = 0; i < length; i++) memset(p->masks + (size_t) pattern_slot(p, text[i]) * p->words, 0, p->words * sizeof(uint64_t));
    memset(p->letters, 0, p->slots * sizeof(uint32_t));
}

static long distance_one_word(const Pattern *p, long length, const uint32_t *text, long size, long k) {
    uint64_t plus = ~(uint64_t) 0, minus = 0, last = (uint64_t) 1 << (length - 1);
    long distance = length;
    for (long j = 0; j < size; j++) {
        uint64_t match = p->masks[(size_t) pattern_slot(p, text[j]) * p->words];
        uint64_t diagonal = (((match & plus) + plus) ^ plus) | match | minus;
        uint64_t up = minus | ~(diagonal | plus), down = plus & diagonal;
        distance += (up & last) != 0;
        distance -= (down & last) != 0;
        /* each letter still to come can lower the last cell by one at most */
        if (distance - (size - 1 - j) > k) return k + 1;
        up = (up << 1) | 1;
        plus = (down << 1) | ~(diagonal | up);
        minus = up & diagonal;
    }
    return distance;
}

static long distance_words(const Pattern *p, long length, const uint32_t *text, long size, long k) {
    long words = (length + 63) / 64, distance = length;
    uint64_t *plus = p->columns, *minus = p->columns + words;
    unsigned last = (unsigned) ((length - 1) % 64);
    for (long w = 0; w < words; w++) { plus[w] = ~(uint64_t) 0; minus[w] = 0; }
    for (long j = 0; j < size; j++) {
        const uint64_t *masks = p->masks + (size_t) pattern_slot(p, text[j]) * p->words;
        uint64_t up_in = 1, down_in = 0, up = 0, down = 0;
        for (long w = 0; w < words; w++) {
            uint64_t vp = plus[w], vm = minus[w], match = masks[w] | down_in;
            uint64_t diagonal = (((match & vp) + vp) ^ vp) | match | vm;
            up = vm | ~(diagonal | vp);
            down = vp & diagonal;
            uint64_t up_out = up >> 63, down_out = down >> 63;
            if (w == words - 1) distance += (long) (up >> last & 1) - (long) (down >> last & 1);
            uint64_t shifted = (up << 1) | up_in;
            plus[w] = ((down << 1) | down_in) | ~(diagonal | shifted);
            minus[w] = shifted & diagonal;
            up_in = up_out;
            down_in = down_out;
        }
        if (distance - (size - 1 - j) > k) return k + 1;
    }
    return distance;
}

static inline long bit_parallel(const Pattern *p, long length, const uint32_t *text, long size, long k) {
    if (length == 0) return size;
    return length <= 64 ? distance_one_word(p, length, text, size, k) : distance_words(p, length, text, size, k);
}

#endif
