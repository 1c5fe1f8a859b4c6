/* The rival: the pairwise loop as one writes it in plain C, each pair once, sums in the order that is written. */
#ifndef PERFLAB_NBODY_PAIRS_H
#define PERFLAB_NBODY_PAIRS_H

#include <math.h>

/* position: n rows of three; out: the same, all zeros before. */
static void pull_pairs(long n, const double *restrict position, const double *restrict mass, double softening, double *restrict out) {
    double least = softening * softening;
    for (long i = 0; i < n; i++) {
        double x = position[3 * i], y = position[3 * i + 1], z = position[3 * i + 2], mine = mass[i];
        double ax = 0, ay = 0, az = 0;
        for (long j = i + 1; j < n; j++) {
            double dx = position[3 * j] - x, dy = position[3 * j + 1] - y, dz = position[3 * j + 2] - z;
            double squared = dx * dx + dy * dy + dz * dz + least;
            double pull = 1.0 / (squared * sqrt(squared));
            double theirs = mass[j] * pull, ours = mine * pull;
            ax += theirs * dx;
            ay += theirs * dy;
            az += theirs * dz;
            out[3 * j] -= ours * dx;
            out[3 * j + 1] -= ours * dy;
            out[3 * j + 2] -= ours * dz;
        }
        out[3 * i] += ax;
        out[3 * i + 1] += ay;
        out[3 * i + 2] += az;
    }
}

#endif
