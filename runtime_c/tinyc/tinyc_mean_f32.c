/* SPDX-License-Identifier: Apache-2.0 */
/* Four neighbouring results at a time; further ones one by one. */
#include "tinyc_kernels.h"

#define BLOCK 4

static void mean_of_block(int32_t count, int32_t inner, float factor, const float *x, float *y)
{
    float s0 = x[0];
    float s1 = x[1];
    float s2 = x[2];
    float s3 = x[3];
    for (int32_t k = 1; k < count; ++k) {
        const float *const value = x + k * inner;
        s0 += value[0];
        s1 += value[1];
        s2 += value[2];
        s3 += value[3];
    }
    y[0] = s0 * factor;
    y[1] = s1 * factor;
    y[2] = s2 * factor;
    y[3] = s3 * factor;
}

void tinyc_mean_f32(int32_t outer, int32_t count, int32_t inner, float factor, const float *x, float *y)
{
    for (int32_t o = 0; o < outer; ++o, x += count * inner, y += inner) {
        int32_t i = 0;
        for (; i + BLOCK <= inner; i += BLOCK) {
            mean_of_block(count, inner, factor, x + i, y + i);
        }
        for (; i < inner; ++i) {
            float sum = x[i];
            for (int32_t k = 1; k < count; ++k) {
                sum += x[k * inner + i];
            }
            y[i] = sum * factor;
        }
    }
}
