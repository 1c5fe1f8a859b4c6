/* Each pair once, in vectors: one body against a tile of later ones that stays in the nearest cache.

   Strict C must add in the order that is written, so a compiler may not use vectors for a sum.  `omp simd reduction`
   allows just that, another order of these sums, and nothing else of -ffast-math.  One build serves every x86-64: the loop is
   compiled for each width of vectors, and the processor is asked when it runs. */
#ifndef PERFLAB_NBODY_LANES_H
#define PERFLAB_NBODY_LANES_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define ALWAYS_INLINE static inline __attribute__((always_inline))
/* Seven arrays of 512 doubles: 28 kB. */
#define BODIES_IN_TILE 512
/* A row's last vector may reach so far beyond the last body: bodies without mass, so that no row of a small swarm has a rest
   that is done one by one. */
#define BODIES_BEYOND 8

typedef struct {
    double *x, *y, *z, *mass, *ax, *ay, *az; /* n + BODIES_BEYOND each, zeros but for the bodies */
    double least;                            /* the softening, squared */
    long n;
} Swarm;

enum root { DIVIDED, ITERATED };

/* 1 / sqrt(squared).  The unit that divides and takes roots does not work on eight lanes at once, so wide vectors wait for it,
   some forty cycles a pair of operations.  Newton's iteration takes multiply-adds only.  It begins with a guess from the bits
   (halving the exponent is a shift; the constant is that of Lomont, 2003, for doubles) that is at most 3.5 % off, and turns an
   error e into 3/2 e^2: four of them lead below a rounding. */
ALWAYS_INLINE double inverse_root(double squared, enum root how) {
    int64_t bits;
    double half = 0.5 * squared, root;
    if (how == DIVIDED) return 1.0 / sqrt(squared);
    memcpy(&bits, &squared, sizeof bits);
    bits = 0x5fe6eb50c7b537a9 - (bits >> 1);
    memcpy(&root, &bits, sizeof root);
    root *= 1.5 - half * root * root;
    root *= 1.5 - half * root * root;
    root *= 1.5 - half * root * root;
    root *= 1.5 - half * root * root;
    return root;
}

/* Body i and those from `first` to before `last` pull each other. */
ALWAYS_INLINE void pull_row(const Swarm *s, long i, long first, long last, enum root how) {
    const double *restrict x = s->x, *restrict y = s->y, *restrict z = s->z, *restrict mass = s->mass;
    double *restrict ax = s->ax, *restrict ay = s->ay, *restrict az = s->az;
    double xi = x[i], yi = y[i], zi = z[i], mi = mass[i], least = s->least, sx = 0, sy = 0, sz = 0;
#pragma omp simd reduction(+ : sx, sy, sz)
    for (long j = first; j < last; j++) {
        double dx = x[j] - xi, dy = y[j] - yi, dz = z[j] - zi;
        double root = inverse_root(dx * dx + dy * dy + dz * dz + least, how);
        double pull = root * root * root, theirs = pull * mass[j], ours = pull * mi;
        sx += theirs * dx;
        sy += theirs * dy;
        sz += theirs * dz;
        ax[j] -= ours * dx;
        ay[j] -= ours * dy;
        az[j] -= ours * dz;
    }
    s->ax[i] += sx;
    s->ay[i] += sy;
    s->az[i] += sz;
}

ALWAYS_INLINE void pull_tiles(const Swarm *s, enum root how) {
    for (long start = 0; start < s->n; start += BODIES_IN_TILE) {
        long is_last = start + BODIES_IN_TILE >= s->n, end = is_last ? s->n : start + BODIES_IN_TILE;
        for (long i = 0; i < end; i++) {
            long first = i < start ? start : i + 1;
            long last = is_last ? first + (end - first + BODIES_BEYOND - 1) / BODIES_BEYOND * BODIES_BEYOND : end;
            pull_row(s, i, first, last, how);
        }
    }
}

#if defined(__GNUC__) && defined(__x86_64__)
__attribute__((target("avx512f,prefer-vector-width=512"))) static void pull_by_eight(const Swarm *s) { pull_tiles(s, ITERATED); }
__attribute__((target("avx2,fma"))) static void pull_by_four(const Swarm *s) { pull_tiles(s, DIVIDED); }
#endif

static void pull_swarm(const Swarm *s) {
#if defined(__GNUC__) && defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) {
        pull_by_eight(s);
        return;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        pull_by_four(s);
        return;
    }
#endif
    pull_tiles(s, DIVIDED);
}

#endif
