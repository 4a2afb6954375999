/* SPDX-License-Identifier: Apache-2.0 */
/* A row of a times four neighbouring columns of b at a time: b is read along its rows. */
#include "tinyc_clamp.h"
#include "tinyc_kernels.h"
#include "tinyc_requantize.h"

#define BLOCK 4

static int8_t result(const tinyc_matmul_params *p, int32_t sum)
{
    return tinyc_clamped_s8(tinyc_requantized(sum, p->y_multiplier, p->y_shift) + p->y_offset, INT8_MIN, INT8_MAX);
}

static void row_times_block(const tinyc_matmul_shape *shape, const tinyc_matmul_params *p, const int8_t *a,
                            const int8_t *b, int8_t *y)
{
    int32_t s0 = 0;
    int32_t s1 = 0;
    int32_t s2 = 0;
    int32_t s3 = 0;
    for (int32_t k = 0; k < shape->depth; ++k) {
        const int32_t value = a[k] + p->a_offset;
        const int8_t *const factor = b + k * shape->columns;
        s0 += value * (factor[0] + p->b_offset);
        s1 += value * (factor[1] + p->b_offset);
        s2 += value * (factor[2] + p->b_offset);
        s3 += value * (factor[3] + p->b_offset);
    }
    y[0] = result(p, s0);
    y[1] = result(p, s1);
    y[2] = result(p, s2);
    y[3] = result(p, s3);
}

static int8_t row_times_column(const tinyc_matmul_shape *shape, const tinyc_matmul_params *p, const int8_t *a,
                               const int8_t *b)
{
    int32_t sum = 0;
    for (int32_t k = 0; k < shape->depth; ++k) {
        sum += (a[k] + p->a_offset) * (b[k * shape->columns] + p->b_offset);
    }
    return result(p, sum);
}

void tinyc_matmul_s8(const tinyc_matmul_shape *shape, const tinyc_matmul_params *params, const int8_t *a,
                     const int8_t *b, int8_t *y)
{
    for (int32_t n = 0; n < shape->batches; ++n, b += shape->b_step) {
        for (int32_t i = 0; i < shape->rows; ++i, a += shape->depth, y += shape->columns) {
            int32_t j = 0;
            for (; j + BLOCK <= shape->columns; j += BLOCK) {
                row_times_block(shape, params, a, b + j, y + j);
            }
            for (; j < shape->columns; ++j) {
                y[j] = row_times_column(shape, params, a, b + j);
            }
        }
    }
}
