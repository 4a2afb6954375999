/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: dot products, added up from the first element to the last. */
#ifndef TINYC_DOT_H
#define TINYC_DOT_H

#include <stdint.h>

#define TINYC_BLOCK 4 /* filters that tinyc_dot_block_f32 takes at a time */

/* sum + x . w over n elements. */
static inline float tinyc_dot_f32(int32_t n, const float *x, const float *w, float sum)
{
    for (int32_t i = 0; i < n; ++i) {
        sum += x[i] * w[i];
    }
    return sum;
}

/* sums[k] += x . w_k over n elements for four filters w_k that lie `step` elements apart: x is loaded once for all. */
static inline void tinyc_dot_block_f32(int32_t n, const float *x, const float *w, int32_t step, float *sums)
{
    const float *const w1 = w + step;
    const float *const w2 = w1 + step;
    const float *const w3 = w2 + step;
    float s0 = sums[0];
    float s1 = sums[1];
    float s2 = sums[2];
    float s3 = sums[3];
    for (int32_t i = 0; i < n; ++i) {
        const float value = x[i];
        s0 += value * w[i];
        s1 += value * w1[i];
        s2 += value * w2[i];
        s3 += value * w3[i];
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

#endif
