/* The loop as anybody writes it in C: the yardstick for one thread.  Nothing in it is clever, and nothing is slow. */
#ifndef PERFLAB_MANDELBROT_PLAIN_H
#define PERFLAB_MANDELBROT_PLAIN_H

#include <stdint.h>

static void plain_counts(double left, double top, double step, long rows, long columns, long limit, int32_t *counts) {
    for (long row = 0; row < rows; row++) {
        double cy = top - row * step;
        for (long column = 0; column < columns; column++) {
            double cx = left + column * step, x = 0.0, y = 0.0;
            long count;
            for (count = 0; count < limit; count++) {
                double product = x * y;
                x = x * x - y * y + cx;
                y = product + product + cy;
                if (x * x + y * y > 4.0)
                    break;
            }
            counts[row * columns + column] = (int32_t)count;
        }
    }
}

#endif
