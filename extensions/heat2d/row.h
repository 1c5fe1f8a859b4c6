/* One row of the explicit heat stencil on a torus.  The body has no branch and no modulo, so that it vectorises;
   where the compiler can, a second copy for AVX2 is chosen when the library is loaded. */
#ifndef PERFLAB_HEAT_ROW_H
#define PERFLAB_HEAT_ROW_H

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__gnu_linux__)
#define PERFLAB_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define PERFLAB_CLONES
#endif

PERFLAB_CLONES
static void heat_row(const double *restrict above, const double *restrict row, const double *restrict below,
                     double *restrict out, long columns, double alpha) {
    long last = columns - 1;
    for (long j = 1; j < last; j++)
        out[j] = row[j] + alpha * (above[j] + below[j] + row[j - 1] + row[j + 1] - 4.0 * row[j]);
    out[0] = row[0] + alpha * (above[0] + below[0] + row[last] + row[columns > 1 ? 1 : 0] - 4.0 * row[0]);
    if (last > 0)
        out[last] = row[last] + alpha * (above[last] + below[last] + row[last - 1] + row[0] - 4.0 * row[last]);
}

#endif
