/* The kernel for one width of vectors: lanes.h includes it once a width, with WIDTH (bytes), NAME and TARGET defined. */
#define vector NAME(vector)
#define mask NAME(mask)
#define Lanes NAME(Lanes)
#define EACH_WIDE (WIDTH / 8)
#define LANES (VECTORS * EACH_WIDE)

typedef double vector __attribute__((vector_size(WIDTH)));
typedef int64_t mask __attribute__((vector_size(WIDTH)));

/* The lanes in memory, where they change hands. */
typedef struct {
    union { vector v[VECTORS]; double lane[LANES]; } x, y, cx, cy, seen_x, seen_y;
    union { mask v[VECTORS]; int64_t lane[LANES]; } busy, inside, count, pixel;
} Lanes;

#define DECLARE(k) vector x##k, y##k, cx##k, cy##k; mask inside##k, count##k;
/* the order of operations is the definition's: (x x - y y) + cx, and (x y + x y) + cy */
#define STEP(k) { vector product = x##k * y##k; x##k = x##k * x##k - y##k * y##k + cx##k; y##k = product + product + cy##k; }
#define WITHIN(k) ((mask)(x##k * x##k + y##k * y##k <= 4.0))
#define TEST(k) inside##k &= WITHIN(k); count##k -= inside##k;
#define CHOOSE(which, one, other) ((vector)(((mask)(one) & (which)) | ((mask)(other) & ~(which))))

TARGET static inline int NAME(any)(const mask *of) {
    int64_t together = 0;
    for (long i = 0; i < EACH_WIDE; i++)
        together |= (*of)[i];
    return together != 0;
}

/* Take the first steps of neighbours in one row, write their counts, and gather those that stayed. */
TARGET static void NAME(begin)(const View *view, double above, long column, int64_t pixel, Survivors *survivors, int32_t *counts) {
    Lanes lanes;
    DECLARE(0) DECLARE(1) DECLARE(2) DECLARE(3)
    long number = survivors->number, limit = view->limit;
    long neighbours = view->columns - column < LANES ? view->columns - column : LANES;
    for (long i = 0; i < LANES; i++)
        lanes.cx.lane[i] = view->left + (column + i) * view->step;
#define LOAD(k) cx##k = lanes.cx.v[k]; cy##k = (vector){0} + above; x##k = y##k = (vector){0}; count##k = (mask){0}; inside##k = ~count##k;
    EACH(LOAD)
#undef LOAD
    for (long done = 0; done < BLOCK; done++) {
        EACH(STEP)
        EACH(TEST)
    }
#define STORE(k) lanes.x.v[k] = x##k; lanes.y.v[k] = y##k; lanes.count.v[k] = count##k;
    EACH(STORE)
#undef STORE
    for (long i = 0; i < neighbours; i++)
        counts[pixel + i] = (int32_t)(lanes.count.lane[i] < limit ? lanes.count.lane[i] : limit);
    const mask stayed = inside0 | inside1 | inside2 | inside3;
    if (limit <= BLOCK || !NAME(any)(&stayed))
        return;
    for (long i = 0; i < neighbours; i++) {
        /* written in any case, kept if it stayed: which neighbour does is more than a branch can guess */
        survivors->x[number] = lanes.x.lane[i];
        survivors->y[number] = lanes.y.lane[i];
        survivors->cx[number] = lanes.cx.lane[i];
        survivors->cy[number] = above;
        survivors->pixel[number] = pixel + i;
        number += lanes.count.lane[i] == BLOCK;
    }
    survivors->number = number;
}

/* Put the next survivor into lane i, or nobody. */
TARGET static inline int NAME(refill)(Lanes *lanes, long i, const Survivors *survivors, long next) {
    const int is_taken = next < survivors->number;
    lanes->busy.lane[i] = lanes->inside.lane[i] = -is_taken;
    lanes->count.lane[i] = is_taken ? BLOCK : 0;
    lanes->x.lane[i] = is_taken ? survivors->x[next] : 0.0;
    lanes->y.lane[i] = is_taken ? survivors->y[next] : 0.0;
    lanes->cx.lane[i] = is_taken ? survivors->cx[next] : 0.0;
    lanes->cy.lane[i] = is_taken ? survivors->cy[next] : 0.0;
    lanes->pixel.lane[i] = is_taken ? survivors->pixel[next] : -1;
    lanes->seen_x.lane[i] = lanes->seen_y.lane[i] = 4.0; /* where nobody inside has been */
    return is_taken;
}

/* Write the counts of the lanes that are done and fill them again; say how many lanes are busy. */
TARGET static long NAME(change)(Lanes *lanes, const Survivors *survivors, long *next, long limit, int32_t *counts) {
    long busy = 0;
    for (long i = 0; i < LANES; i++) {
        if (!lanes->inside.lane[i] || lanes->count.lane[i] >= limit) {
            if (lanes->busy.lane[i])
                counts[lanes->pixel.lane[i]] = (int32_t)(lanes->count.lane[i] < limit ? lanes->count.lane[i] : limit);
            *next += NAME(refill)(lanes, i, survivors, *next);
        }
        busy -= lanes->busy.lane[i];
    }
    return busy;
}

/* Step until some lane is done, a block at a time; say whether anybody left in the last one. */
TARGET static inline int NAME(advance)(Lanes *lanes, long limit, const int detect, int quiet) {
    DECLARE(0) DECLARE(1) DECLARE(2) DECLARE(3)
    mask done;
#define LOAD(k) x##k = lanes->x.v[k]; y##k = lanes->y.v[k]; cx##k = lanes->cx.v[k]; cy##k = lanes->cy.v[k]; \
    inside##k = lanes->inside.v[k]; count##k = lanes->count.v[k];
    EACH(LOAD)
#undef LOAD
    do {
        if (quiet) {
            /* Nobody is asked before the block is over (who left would still be away: the lemma); if somebody has left, the steps
               are taken again with questions. */
#define KEEP(k) const vector from_x##k = x##k, from_y##k = y##k;
            EACH(KEEP)
            EACH(STEP) EACH(STEP) EACH(STEP) EACH(STEP) EACH(STEP) EACH(STEP) EACH(STEP) EACH(STEP)
            mask left = {0};
#define LEFT(k) left |= inside##k & ~WITHIN(k);
            EACH(LEFT)
            quiet = !NAME(any)(&left);
#define GO_ON(k) count##k -= inside##k * BLOCK;
#define GO_BACK(k) x##k = from_x##k; y##k = from_y##k;
            if (quiet) {
                EACH(GO_ON)
            } else {
                EACH(GO_BACK)
            }
        }
        if (!quiet) {
            for (long taken = 0; taken < BLOCK; taken++) {
                EACH(STEP)
                EACH(TEST)
            }
            mask left = {0};
#define GONE(k) left |= lanes->busy.v[k] & ~inside##k;
            EACH(GONE)
            quiet = !NAME(any)(&left);
        }
        if (detect) {
#define CYCLE(k) { \
    const mask back = inside##k & (mask)(x##k == lanes->seen_x.v[k]) & (mask)(y##k == lanes->seen_y.v[k]); \
    count##k = (count##k & ~back) | (back & limit); \
    const mask turn = (mask)((count##k & (count##k - 1)) == 0); /* Brent: remember where one is after 2, 4, 8 ... steps */ \
    lanes->seen_x.v[k] = CHOOSE(turn, x##k, lanes->seen_x.v[k]); \
    lanes->seen_y.v[k] = CHOOSE(turn, y##k, lanes->seen_y.v[k]); }
            EACH(CYCLE)
        }
        done = (mask){0};
#define DONE(k) done |= lanes->busy.v[k] & (~inside##k | (mask)(count##k >= limit));
        EACH(DONE)
    } while (!NAME(any)(&done));
#define STORE(k) lanes->x.v[k] = x##k; lanes->y.v[k] = y##k; lanes->inside.v[k] = inside##k; lanes->count.v[k] = count##k;
    EACH(STORE)
#undef STORE
    return quiet;
}

/* Follow the survivors until each has left or reached the limit. */
TARGET static void NAME(finish)(Survivors *survivors, long limit, int detect, int32_t *counts) {
    Lanes lanes;
    long next = 0;
    int quiet = 1;
    memset(&lanes, 0, sizeof lanes);
    while (NAME(change)(&lanes, survivors, &next, limit, counts))
        quiet = detect ? NAME(advance)(&lanes, limit, 1, quiet) : NAME(advance)(&lanes, limit, 0, quiet);
    survivors->number = 0;
}

/* Take the orbits out that nobody may follow without asking at every step. */
TARGET static void NAME(far_ones)(Survivors *survivors, long before, long limit, int32_t *counts) {
    long kept = before;
    for (long i = before; i < survivors->number; i++) {
        const double cx = survivors->cx[i], cy = survivors->cy[i];
        if (cx * cx + cy * cy > FAR) {
            counts[survivors->pixel[i]] = (int32_t)alone(survivors->x[i], survivors->y[i], cx, cy, BLOCK, limit);
            continue;
        }
        survivors->x[kept] = survivors->x[i];
        survivors->y[kept] = survivors->y[i];
        survivors->cx[kept] = cx;
        survivors->cy[kept] = cy;
        survivors->pixel[kept++] = survivors->pixel[i];
    }
    survivors->number = kept;
}

TARGET static void NAME(rows)(const View *view, long first, long last, int32_t *counts) {
    Survivors survivors;
    survivors.number = 0;
    for (long row = first; row < last; row++) {
        const double above = view->top - row * view->step;
        const int64_t pixels = (row - first) * (int64_t)view->columns;
        for (long column = 0; column < view->columns; column += LANES) {
            const long before = survivors.number;
            NAME(begin)(view, above, column, pixels + column, &survivors, counts);
            NAME(far_ones)(&survivors, before, view->limit, counts);
            if (survivors.number >= WAITING)
                NAME(finish)(&survivors, view->limit, view->detect, counts);
        }
    }
    NAME(finish)(&survivors, view->limit, view->detect, counts);
}

#undef vector
#undef mask
#undef Lanes
#undef EACH_WIDE
#undef LANES
#undef DECLARE
#undef STEP
#undef WITHIN
#undef TEST
#undef CHOOSE
#undef KEEP
#undef LEFT
#undef GO_ON
#undef GO_BACK
#undef GONE
#undef CYCLE
#undef DONE
