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
#define MARKS 16           /* so many marks a piece: one in sixteen strange pieces looks familiar */
#define ALARM 3            /* a false alarm takes as long as so many steps of the automaton */
#define AT_ONCE 512        /* places looked up before the marked ones are looked at */
#define SAMPLED 128        /* one place of so many is looked at beforehand, */
#define SAMPLES_MOST 8192  /* but not more than that */
#define SKETCH 32768

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
    uint64_t marks_mask; /* there is a power of two of marks, and of slots */
    uint64_t slots_mask;
    uint8_t *marks;      /* one byte a hash: is there any such piece?  A bit would save room and cost two shifts more */
    int32_t *slots;
    Entry *entries;
    int32_t used;
} Filter;

enum { FOUND_ALL, NO_MEMORY, TOO_MANY_FALSE };

static void filter_free(Filter *f) {
    free(f->marks);
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
    return piece * 0x9E3779B97F4A7C15u >> 40; /* the product carries every bit upwards: the highest 24 are the best */
}

static uint64_t power_of_two(uint64_t least, uint64_t most) {
    uint64_t power = 64;
    while (power < least && power < most) power *= 2;
    return power;
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
    int64_t step = (size > (int64_t) SAMPLED * SAMPLES_MOST ? size / SAMPLES_MOST : SAMPLED) | 1; /* odd: texts have even periods more often */
    memset(sketch, 0, SKETCH);
    for (int64_t at = 0; at + 8 <= size; at += step) {
        uint8_t *count = &sketch[hashed(load8(text + at) & f->mask) & (SKETCH - 1)];
        *count += *count < 255;
    }
}

static int window_weight(const Filter *f, const Needle *needle, int64_t begin, const uint8_t *sketch) {
    int weight = 0;
    for (int64_t at = begin; at < begin + f->stride; at++)
        weight += sketch[hashed(load_up_to(needle->letters + at, needle->size - at) & f->mask) & (SKETCH - 1)];
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
    uint64_t hash = hashed(piece);
    int32_t *slot = &f->slots[hash & f->slots_mask];
    Entry *entry = &f->entries[f->used++];
    f->marks[hash & f->marks_mask] = 1;
    entry->piece = piece;
    entry->needle = needle;
    entry->offset = (int32_t) offset;
    entry->next = *slot;
    *slot = f->used;
}

/* Fill the table.  Return 0 where there is no memory; free it in any case. */
static int filter_make(Filter *f, const Needle *needles, int64_t n, int64_t shortest, const uint8_t *text, int64_t size) {
    uint8_t sketch[SKETCH];
    filter_plan(f, n, shortest, size);
    uint64_t pieces = (uint64_t) n * (uint64_t) f->stride;
    if (pieces >= INT32_MAX) return 0;
    f->marks_mask = power_of_two(MARKS * pieces + 4096, 1 << 24) - 1;
    f->slots_mask = power_of_two(pieces, 1 << 24) - 1;
    f->used = 0;
    f->marks = (uint8_t *) calloc((size_t) f->marks_mask + 1, 1);
    f->slots = (int32_t *) calloc((size_t) f->slots_mask + 1, sizeof(int32_t));
    f->entries = (Entry *) malloc((size_t) pieces * sizeof(Entry));
    if (f->marks == NULL || f->slots == NULL || f->entries == NULL) return 0;
    sketch_text(f, text, size, sketch);
    for (int64_t i = 0; i < n; i++) {
        int64_t begin = window_choose(f, &needles[i], sketch);
        for (int64_t at = begin; at < begin + f->stride; at++)
            filter_insert(f, load_up_to(needles[i].letters + at, needles[i].size - at) & f->mask, (int32_t) i, at);
    }
    return 1;
}

typedef struct {
    const Needle *needles;
    const uint8_t *text;
    int64_t size;
    int64_t patience; /* steps of an automaton that false alarms may still cost until it would have been cheaper */
    Hits *hits;
} Search;

/* Look at all needles that have this piece of the text at `at` in their window. */
static int filter_verify(const Filter *f, Search *s, uint64_t piece, int64_t at) {
    for (int32_t next = f->slots[hashed(piece) & f->slots_mask]; next;) {
        const Entry *entry = &f->entries[next - 1];
        next = entry->next;
        s->patience -= ALARM;
        if (entry->piece != piece) continue;
        const Needle *needle = &s->needles[entry->needle];
        int64_t start = at - entry->offset;
        if (start < 0 || start + needle->size > s->size) continue;
        if (memcmp(needle->letters, s->text + start, (size_t) needle->size)) {
            s->patience -= needle->size >> 4;
            continue;
        }
        s->patience += ALARM; /* a hit has to be paid by everybody */
        if (!hits_add(s->hits, needle->number, start)) return NO_MEMORY;
    }
    return s->patience < 0 ? TOO_MANY_FALSE : FOUND_ALL;
}

/* Look up `count` places of the text; return how many of them are marked, and which.

   No branch: whether a place is marked cannot be predicted, and where needles are many, many are. */
static inline int filter_look_up(const Filter *f, const uint8_t *text, int64_t at, int count, int64_t *marked) {
    const uint8_t *marks = f->marks;
    const uint64_t mask = f->mask, marks_mask = f->marks_mask;
    const int64_t stride = f->stride;
    int found = 0;
    for (int k = 0; k < count; k++, at += stride) {
        marked[found] = at;
        found += marks[hashed(load8(text + at) & mask) & marks_mask];
    }
    return found;
}

/* Look the text up, many places at a time. */
static int filter_scan(const Filter *f, Search *s) {
    int64_t marked[AT_ONCE], at = 0, last = s->size - 8;
    int ended = FOUND_ALL;
    while (at <= last && ended == FOUND_ALL) {
        int64_t left = (last - at) / f->stride + 1;
        int count = left < AT_ONCE ? (int) left : AT_ONCE;
        int found = filter_look_up(f, s->text, at, count, marked);
        for (int k = 0; k < found && ended == FOUND_ALL; k++)
            ended = filter_verify(f, s, load8(s->text + marked[k]) & f->mask, marked[k]);
        at += count * f->stride;
    }
    for (; at + f->piece <= s->size && ended == FOUND_ALL; at += f->stride) /* no load of 8 bytes may leave the text */
        ended = filter_verify(f, s, load_up_to(s->text + at, s->size - at) & f->mask, at);
    return ended;
}

#endif
