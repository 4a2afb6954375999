/* SPDX-License-Identifier: Apache-2.0 */
/* Weighted sums of cells along the middle one of three axes. */
#ifndef TINYC_RESAMPLE_H
#define TINYC_RESAMPLE_H

#include <stdint.h>

/*
 * y[o][i][k] = shift[i] + sum over t < taps of weights[i][t] * x[o][cells[i][t]][k], for o < outer, i < results,
 * k < inner. x has `size` cells along the middle axis; a cell beyond an end stands for the one there.
 */
static inline void tinyc_resample(int32_t outer, int32_t size, int32_t inner, int32_t results, int32_t taps,
                                  const float *x, const int32_t *cells, const float *weights, const float *shift,
                                  float *y)
{
    for (int32_t o = 0; o < outer; ++o, x += size * inner) {
        for (int32_t i = 0; i < results; ++i) {
            for (int32_t k = 0; k < inner; ++k) {
                float sum = shift[i];
                for (int32_t t = 0; t < taps; ++t) {
                    const int32_t cell = cells[i * taps + t];
                    sum += weights[i * taps + t] * x[(cell < 0 ? 0 : cell < size ? cell : size - 1) * inner + k];
                }
                *y++ = sum;
            }
        }
    }
}

#define tinyc_resample_inline(outer, size, inner, results, taps, px, pcells, pweights, pshift, py)                    \
    tinyc_resample(outer, size, inner, results, taps, (const float *)(px), (const int32_t *)(pcells),                 \
                   (const float *)(pweights), (const float *)(pshift), (float *)(py))

#endif
