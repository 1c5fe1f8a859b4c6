/* The edit distance of two records by bit-parallel columns, exact up to k.

   Sources: G. Myers, J. ACM 46 (1999), in the form of H. Hyyro (2003); E. Ukkonen (1985) for what need not be looked at. */
#ifndef PERFLAB_BITPARALLEL_H
#define PERFLAB_BITPARALLEL_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ALL_ONES (~(uint64_t) 0)

/* A column of the matrix, 64 rows at a time. */
typedef struct {
    uint64_t plus, minus; /* vertical differences of +1 and -1 */
    long bottom;          /* value of the lowest row */
} Block;

/* Where each letter stands in one record: bit i of a letter's row is set where the record's letter i is that one. */
typedef struct {
    uint64_t *masks; /* letters * words */
    Block *blocks;
    long words;
} Pattern;

static int pattern_make(Pattern *p, long letters, long longest) {
    p->words = longest > 0 ? (longest + 63) / 64 : 1;
    p->masks = (uint64_t *) calloc((size_t) letters + 1, (size_t) p->words * sizeof(uint64_t));
    p->blocks = (Block *) malloc((size_t) p->words * sizeof(Block));
    return p->masks != NULL && p->blocks != NULL;
}

static void pattern_free(Pattern *p) {
    free(p->masks);
    free(p->blocks);
}

static void pattern_set(Pattern *p, const uint32_t *text, long size) {
    for (long i = 0; i < size; i++) p->masks[text[i] * p->words + i / 64] |= (uint64_t) 1 << (i % 64);
}

/* Undone letter by letter: the table is larger than the record. */
static void pattern_clear(Pattern *p, const uint32_t *text, long size) {
    for (long i = 0; i < size; i++) p->masks[text[i] * p->words + i / 64] = 0;
}

/* Up to 64 rows: one word is a whole column. */
static long within_one_word(const uint64_t *masks, long skip, long rows, const uint32_t *text, long size, long k) {
    uint64_t plus = ALL_ONES, minus = 0, last = (uint64_t) 1 << (rows - 1);
    long distance = rows;
    for (long j = 0; j < size; j++) {
        uint64_t match = masks[text[j]] >> skip;
        uint64_t diagonal = (((match & plus) + plus) ^ plus) | match | minus;
        uint64_t up = minus | ~(diagonal | plus), down = plus & diagonal;
        distance += (up & last) != 0;
        distance -= (down & last) != 0;
        if (distance - (size - 1 - j) > k) return k + 1; /* a letter still to come takes off one at most */
        up = up << 1 | 1;
        plus = down << 1 | ~(diagonal | up);
        minus = up & diagonal;
    }
    return distance;
}

static inline long least(long a, long b) { return a < b ? a : b; }
static inline long most(long a, long b) { return a > b ? a : b; }

/* Take 64 rows one column on; `up` and `down` are the horizontal difference above its first row, then that in row `last`. */
static inline void block_advance(Block *block, uint64_t match, unsigned last, uint64_t *above_up, uint64_t *above_down) {
    uint64_t plus = block->plus, minus = block->minus;
    uint64_t joined = match | *above_down;
    uint64_t diagonal = (((joined & plus) + plus) ^ plus) | joined | minus;
    uint64_t up = minus | ~(diagonal | plus), down = plus & diagonal;
    uint64_t up_out = up >> last & 1, down_out = down >> last & 1;
    block->bottom += (long) up_out - (long) down_out;
    up = up << 1 | *above_up;
    block->plus = (down << 1 | *above_down) | ~(diagonal | up);
    block->minus = up & diagonal;
    *above_up = up_out;
    *above_down = down_out;
}

/* More rows: blocks from `first` to `final` hold every cell that a path of `bound` edits or less can visit.  The bound is k at
   first, and falls with every column that shows a shorter way. */
static long within_blocks(const Pattern *p, long skip, long rows, const uint32_t *text, long size, long k) {
    long words = (rows + 63) / 64, first = 0, final = -1, bound = k;
    unsigned last = (unsigned) ((rows - 1) % 64);
    Block *blocks = p->blocks;
    for (long j = 0; j < size; j++) {
        long columns = size - 1 - j; /* still to come after this one */
        /* a path that enters the next block here still has to make up for what it is off the corner's diagonal */
        while (final + 1 < words
               && (final < first || blocks[final].bottom + labs(rows - 64 * (final + 1) - 1 - columns) <= bound)) {
            long above = final >= first ? blocks[final].bottom : j;
            final++;
            blocks[final] = (Block) {ALL_ONES, 0, above + (final == words - 1 ? (long) last + 1 : 64)};
        }
        const uint64_t *masks = p->masks + text[j] * p->words + skip;
        uint64_t up = 1, down = 0; /* above the first block the row grows by one a column, or faster than counts */
        for (long w = first; w < final; w++) block_advance(&blocks[w], masks[w], 63, &up, &down);
        block_advance(&blocks[final], masks[final], final == words - 1 ? last : 63, &up, &down);
        /* whoever stands at the lowest row needs no more than one edit for each row or column still to come */
        bound = least(bound, blocks[final].bottom + most(columns, rows - 64 * (final + 1)));
        /* no row of a block is more than 63 below its lowest, and who climbs r rows above that has r more to go down */
        while (blocks[first].bottom + most(-63, most(0, rows - 64 * (first + 1)) - columns) > bound) {
            if (first++ == final) return k + 1;
        }
        while (blocks[final].bottom - 63 > bound) final--;
    }
    return final == words - 1 && blocks[final].bottom <= bound ? blocks[final].bottom : k + 1;
}

/* Return the distance of the pattern's record `a` and `b`, or k + 1 when it exceeds k. */
static long within(const Pattern *p, const uint32_t *a, long rows, const uint32_t *b, long size, long k) {
    if (rows - size > k || size - rows > k) return k + 1;
    /* what two records have in common at either end costs nothing */
    while (rows > 0 && size > 0 && a[rows - 1] == b[size - 1]) rows--, size--;
    long alike = 0;
    while (alike < rows && alike < size && a[alike] == b[alike]) alike++;
    if (alike == rows || alike == size) return rows + size - 2 * alike;
    if (p->words == 1) return within_one_word(p->masks, alike, rows - alike, b + alike, size - alike, k);
    long skip = alike / 64; /* only whole words are skipped */
    return within_blocks(p, skip, rows - 64 * skip, b + 64 * skip, size - 64 * skip, k);
}

#endif
