/* Many pixels side by side in vector registers: an orbit is a chain of dependent operations, and one alone leaves
   the processor waiting most of the time.

   All pixels take their first steps in groups of neighbours; most are gone after these.  Survivors are gathered, and
   finish in lanes of their own: where a pixel is done, the next one takes its lane, so that no lane waits for another.

   Needs -ffp-contract=off: the answer is defined by products and sums that are rounded one by one. */
#ifndef PERFLAB_MANDELBROT_LANES_H
#define PERFLAB_MANDELBROT_LANES_H

#include <stdint.h>
#include <string.h>

#define VECTORS 4        /* a step takes about four times as long as its operations need to be issued */
#define MOST_LANES 32    /* of the widest vectors */
#define BLOCK 8          /* steps between two looks at the lanes */
#define WAITING 1024     /* survivors before they are followed: enough to keep the lanes full, few enough for the first cache */

typedef struct {
    double left, top, step;
    long columns, limit;
    int detect; /* look for cycles: an orbit that comes back to where it has been never leaves */
} View;

/* Survivors of the first steps: where each orbit is, what it adds, where its count belongs. */
typedef struct {
    double x[WAITING + MOST_LANES], y[WAITING + MOST_LANES], cx[WAITING + MOST_LANES], cy[WAITING + MOST_LANES];
    int64_t pixel[WAITING + MOST_LANES];
    long number;
} Survivors;

#define FAR 3.9

/* Follow one orbit alone, asking at every step.  For |c|^2 > FAR: there the lemma below does not hold. */
static long alone(double x, double y, double cx, double cy, long count, long limit) {
    for (; count < limit; count++) {
        double product = x * y;
        x = x * x - y * y + cx;
        y = product + product + cy;
        if (x * x + y * y > 4.0)
            break;
    }
    return count;
}

/* Lemma: who has left stays away, in floating point too, if |c|^2 <= FAR, hence |c| < 1.975.  From |z|^2 > 4 (as rounded) follows
   |z| > 2 - 1e-15, so the next |z| is at least 4 - 1.975 - 1e-14 > 2.02; and from |z| >= 2.02 at least |z|^2 - 1.975 > 1.03 |z|, which
   is far more than roundings take away.  What overflows in the end is infinite or not a number, and neither is <= 4. */

#define EACH(DO) DO(0) DO(1) DO(2) DO(3)

/* One build serves every processor: the kernel is compiled for several widths of vectors, and it is asked which there are. */
#define WIDTH 16
#define NAME(name) name##_16
#define TARGET
#include "kernel.h"
#undef WIDTH
#undef NAME
#undef TARGET

#if defined(__x86_64__) && defined(__GNUC__)
#define WIDTH 32
#define NAME(name) name##_32
#define TARGET __attribute__((target("avx2")))
#include "kernel.h"
#undef WIDTH
#undef NAME
#undef TARGET

#define WIDTH 64
#define NAME(name) name##_64
#define TARGET __attribute__((target("avx512f,avx512dq")))
#include "kernel.h"
#undef WIDTH
#undef NAME
#undef TARGET
#endif

/* Count the rows first, ..., last - 1 of the view into `counts`, which begins with row `first`; at most `bits` wide (0: any). */
static void lanes_rows(const View *view, long first, long last, int bits, int32_t *counts) {
#if defined(__x86_64__) && defined(__GNUC__)
    if ((bits == 0 || bits >= 512) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq"))
        rows_64(view, first, last, counts);
    else if ((bits == 0 || bits >= 256) && __builtin_cpu_supports("avx2"))
        rows_32(view, first, last, counts);
    else
#endif
        rows_16(view, first, last, counts);
}

#endif
