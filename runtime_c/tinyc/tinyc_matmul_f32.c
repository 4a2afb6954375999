/* SPDX-License-Identifier: Apache-2.0 */
/* A row of a times four neighbouring columns of b at a time: b is read along its rows. */
#include "tinyc_kernels.h"

#define BLOCK 4

static void row_times_block(const tinyc_matmul_shape *shape, const float *a, const float *b, float *y)
{
    float s0 = 0.0f;
    float s1 = 0.0f;
    float s2 = 0.0f;
    float s3 = 0.0f;
    for (int32_t k = 0; k < shape->depth; ++k) {
        const float value = a[k];
        const float *const factor = b + k * shape->columns;
        s0 += value * factor[0];
        s1 += value * factor[1];
        s2 += value * factor[2];
        s3 += value * factor[3];
    }
    y[0] = s0;
    y[1] = s1;
    y[2] = s2;
    y[3] = s3;
}

static float row_times_column(const tinyc_matmul_shape *shape, const float *a, const float *b)
{
    float sum = 0.0f;
    for (int32_t k = 0; k < shape->depth; ++k) {
        sum += a[k] * b[k * shape->columns];
    }
    return sum;
}

void tinyc_matmul_f32(const tinyc_matmul_shape *shape, const float *a, const float *b, float *y)
{
    for (int32_t n = 0; n < shape->batches; ++n, b += shape->b_step) {
        for (int32_t i = 0; i < shape->rows; ++i, a += shape->depth, y += shape->columns) {
            int32_t j = 0;
            for (; j + BLOCK <= shape->columns; j += BLOCK) {
                row_times_block(shape, a, b + j, y + j);
            }
            for (; j < shape->columns; ++j) {
                y[j] = row_times_column(shape, a, b + j);
            }
        }
    }
}
