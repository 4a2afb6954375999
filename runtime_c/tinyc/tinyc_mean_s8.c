/* SPDX-License-Identifier: Apache-2.0 */
/* Four neighbouring results at a time; further ones one by one. */
#include "tinyc_clamp.h"
#include "tinyc_kernels.h"
#include "tinyc_requantize.h"

#define BLOCK 4

static int8_t result(const tinyc_mean_params *p, int32_t sum, int32_t count)
{
    const int32_t centred = sum + count * p->x_offset;
    return tinyc_clamped_s8(tinyc_requantized(centred, p->y_multiplier, p->y_shift) + p->y_offset, INT8_MIN, INT8_MAX);
}

static void mean_of_block(const tinyc_mean_params *p, int32_t count, int32_t inner, const int8_t *x, int8_t *y)
{
    int32_t s0 = 0;
    int32_t s1 = 0;
    int32_t s2 = 0;
    int32_t s3 = 0;
    for (int32_t k = 0; k < count; ++k) {
        const int8_t *const value = x + k * inner;
        s0 += value[0];
        s1 += value[1];
        s2 += value[2];
        s3 += value[3];
    }
    y[0] = result(p, s0, count);
    y[1] = result(p, s1, count);
    y[2] = result(p, s2, count);
    y[3] = result(p, s3, count);
}

void tinyc_mean_s8(int32_t outer, int32_t count, int32_t inner, const tinyc_mean_params *params, const int8_t *x,
                   int8_t *y)
{
    for (int32_t o = 0; o < outer; ++o, x += count * inner, y += inner) {
        int32_t i = 0;
        for (; i + BLOCK <= inner; i += BLOCK) {
            mean_of_block(params, count, inner, x + i, y + i);
        }
        for (; i < inner; ++i) {
            int32_t sum = 0;
            for (int32_t k = 0; k < count; ++k) {
                sum += x[k * inner + i];
            }
            y[i] = result(params, sum, count);
        }
    }
}
