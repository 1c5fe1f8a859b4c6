/* A filter that loses nothing and does not look at most of the text.

   A piece of a needle is `piece` bytes in a row.  Of every needle, the pieces that begin at `stride` neighbouring places (its
   window) go into a table; of the text, the piece at every stride-th place is looked up.  Wherever a needle occurs, one
   and only one of these places falls into its window.  So each hit is found, and once; and the longer the stride, the less
   of the text is seen and the more there is to put into the table.

   The idea of skipping is Wu's and Manber's ("A fast algorithm for multi-pattern searching", 1994); the even stride makes all
   look-ups independent of each other, which a processor does several at a time. */
#ifndef PERFLAB_MULTISCAN_FILTER_H
#define PERFLAB_MULTISCAN_FILTER_H

#include "patterns.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#define FIRST_BYTES_LOW(x) __builtin_bswap64(x)
#else
#define FIRST_BYTES_LOW(x) (x)
#endif

#define LONGEST_PIECE 8
#define LONGEST_STRIDE 32
#define FARTHEST 65536     /* no window begins further inside a needle */
#define INSERTING 8        /* putting a piece into the table takes as long as so many look-ups */
#define SAMPLES 1024
#define SKETCH_BITS 13

typedef struct {
    uint64_t piece;
    int32_t needle;
    int32_t offset; /* of the piece in the needle */
    int32_t next;   /* 1 + index of another piece in the same slot; 0: the last */
} Entry;

typedef struct {
    int64_t stride;
    int piece;
    uint64_t mask;       /* of the piece's bytes in a word */
    int bits, slot_bits; /* the hash's highest so many say which bit, and which slot */
    uint64_t *seen;      /* one bit a hash: is there any such piece? */
    int32_t *slots;
    Entry *entries;
    int32_t used;
} Filter;

enum { FOUND_ALL, NO_MEMORY, TOO_MANY_FALSE };

static void filter_free(Filter *f) {
    free(f->seen);
    free(f->slots);
    free(f->entries);
}

static inline uint64_t load8(const uint8_t *p) {
    uint64_t word;
    memcpy(&word, p, 8);
    return FIRST_BYTES_LOW(word);
}

/* Return up to 8 bytes, zeros behind the end: no byte behind it is touched. */
static inline uint64_t load_up_to(const uint8_t *p, int64_t left) {
    uint64_t word = 0;
    if (left >= 8) return load8(p);
    memcpy(&word, p, (size_t) left);
    return FIRST_BYTES_LOW(word);
}

static inline uint64_t hashed(uint64_t piece) {
    return piece * 0x9E3779B97F4A7C15u; /* the product carries every bit upwards: the highest are the best */
}

static int bits_for(uint64_t least) {
    int bits = 6;
    while (((uint64_t) 1 << bits) < least) bits++;
    return bits;
}

/* Choose stride and length of pieces for `n` needles, the shortest of that size.

   With stride s there are size / s look-ups and n * s insertions: the sum is least at sqrt(size / (INSERTING * n)).  More
   needles need longer pieces, or every place of the text begins a piece of some needle; letters of a log are worth
   about three bits each. */
static void filter_plan(Filter *f, int64_t n, int64_t shortest, int64_t text) {
    int64_t least = 2, stride = 1;
    while (least < LONGEST_PIECE && (n >> 3 * (least - 2)) > 0) least++;
    if (least > shortest) least = shortest;
    while (stride < LONGEST_STRIDE && stride < shortest - least + 1 && (stride + 1) * (stride + 1) * INSERTING * n <= text) stride++;
    f->stride = stride;
    f->piece = (int) (shortest - stride + 1 < LONGEST_PIECE ? shortest - stride + 1 : LONGEST_PIECE);
    f->mask = f->piece == 8 ? ~(uint64_t) 0 : ((uint64_t) 1 << 8 * f->piece) - 1;
}

/* Count the pieces at some places of the text, so that windows can avoid what is frequent. */
static void sketch_text(const Filter *f, const uint8_t *text, int64_t size, uint8_t *sketch) {
    int64_t step = size / SAMPLES | 1; /* odd: texts have even periods more often */
    memset(sketch, 0, (size_t) 1 << SKETCH_BITS);
    for (int64_t at = 0; at + 8 <= size; at += step) {
        uint8_t *count = &sketch[hashed(load8(text + at) & f->mask) >> (64 - SKETCH_BITS)];
        *count += *count < 255;
    }
}

static int window_weight(const Filter *f, const Needle *needle, int64_t begin, const uint8_t *sketch) {
    int weight = 0;
    for (int64_t at = begin; at < begin + f->stride; at++)
        weight += sketch[hashed(load_up_to(needle->letters + at, needle->size - at) & f->mask) >> (64 - SKETCH_BITS)];
    return weight;
}

/* Return where a needle's window begins: at the end, for beginnings are alike; or else in the middle or at the beginning. */
static int64_t window_choose(const Filter *f, const Needle *needle, const uint8_t *sketch) {
    int64_t last = needle->size - (f->stride + f->piece - 1), best;
    if (last > FARTHEST) last = FARTHEST;
    best = last;
    int least = window_weight(f, needle, last, sketch);
    for (int64_t begin = last / 2; least && begin < last; begin = begin ? 0 : last) {
        int weight = window_weight(f, needle, begin, sketch);
        if (weight < least) {
            least = weight;
            best = begin;
        }
    }
    return best;
}

static inline void filter_insert(Filter *f, uint64_t piece, int32_t needle, int64_t offset) {
    uint64_t hash = hashed(piece), bit = hash >> (64 - f->bits);
    int32_t *slot = &f->slots[hash >> (64 - f->slot_bits)];
    Entry *entry = &f->entries[f->used++];
    f->seen[bit >> 6] |= (uint64_t) 1 << (bit & 63);
    entry->piece = piece;
    entry->needle = needle;
    entry->offset = (int32_t) offset;
    entry->next = *slot;
    *slot = f->used;
}

/* Fill the table.  Return 0 where there is no memory; free it in any case. */
static int filter_make(Filter *f, const Needle *needles, int64_t n, int64_t shortest, const uint8_t *text, int64_t size) {
    uint8_t sketch[1 << SKETCH_BITS];
    filter_plan(f, n, shortest, size);
    uint64_t pieces = (uint64_t) n * (uint64_t) f->stride;
    if (pieces >= INT32_MAX) return 0;
    f->bits = bits_for(16 * pieces); /* one in sixteen strange pieces has a bit set */
    f->slot_bits = bits_for(pieces);
    f->used = 0;
    f->seen = (uint64_t *) calloc((size_t) 1 << (f->bits - 6), sizeof(uint64_t));
    f->slots = (int32_t *) calloc((size_t) 1 << f->slot_bits, sizeof(int32_t));
    f->entries = (Entry *) malloc((size_t) pieces * sizeof(Entry));
    if (f->seen == NULL || f->slots == NULL || f->entries == NULL) return 0;
    sketch_text(f, text, size, sketch);
    for (int64_t i = 0; i < n; i++) {
        int64_t begin = window_choose(f, &needles[i], sketch);
        for (int64_t at = begin; at < begin + f->stride; at++)
            filter_insert(f, load_up_to(needles[i].letters + at, needles[i].size - at) & f->mask, (int32_t) i, at);
    }
    return 1;
}

static inline int filter_maybe(const Filter *f, uint64_t piece) {
    uint64_t bit = hashed(piece) >> (64 - f->bits);
    return f->seen[bit >> 6] >> (bit & 63) & 1;
}

typedef struct {
    const Needle *needles;
    const uint8_t *text;
    int64_t size;
    int64_t patience; /* how many false alarms are left until an automaton would have been cheaper */
    Hits *hits;
} Search;

/* Look at all needles that have this piece of the text at `at` in their window. */
static int filter_verify(const Filter *f, Search *s, uint64_t piece, int64_t at) {
    for (int32_t next = f->slots[hashed(piece) >> (64 - f->slot_bits)]; next;) {
        const Entry *entry = &f->entries[next - 1];
        next = entry->next;
        s->patience--;
        if (entry->piece != piece) continue;
        const Needle *needle = &s->needles[entry->needle];
        int64_t start = at - entry->offset;
        if (start < 0 || start + needle->size > s->size) continue;
        if (memcmp(needle->letters, s->text + start, (size_t) needle->size)) {
            s->patience -= needle->size >> 4;
            continue;
        }
        s->patience++; /* a hit has to be paid by everybody */
        if (!hits_add(s->hits, needle->number, start)) return NO_MEMORY;
    }
    return s->patience < 0 ? TOO_MANY_FALSE : FOUND_ALL;
}

/* Look the text up.  Four look-ups, then one question: hardly ever is the answer yes. */
static int filter_scan(const Filter *f, Search *s) {
    const uint8_t *text = s->text;
    const int64_t stride = f->stride, size = s->size;
    int64_t at = 0;
    int ended = FOUND_ALL;
    for (; at + 3 * stride + 8 <= size && ended == FOUND_ALL; at += 4 * stride) {
        uint64_t pieces[4];
        int maybe = 0;
        for (int k = 0; k < 4; k++) {
            pieces[k] = load8(text + at + k * stride) & f->mask;
            maybe |= filter_maybe(f, pieces[k]) << k;
        }
        for (; maybe && ended == FOUND_ALL; maybe &= maybe - 1) {
            int k = __builtin_ctz((unsigned) maybe);
            ended = filter_verify(f, s, pieces[k], at + k * stride);
        }
    }
    for (; at + f->piece <= size && ended == FOUND_ALL; at += stride) {
        uint64_t piece = load_up_to(text + at, size - at) & f->mask;
        if (filter_maybe(f, piece)) ended = filter_verify(f, s, piece, at);
    }
    return ended;
}

#endif
