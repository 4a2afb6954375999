/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: a matrix product of floats, four rows of a times four columns of b at a time; see tinyc_kernels.h. */
#ifndef TINYC_MATMUL_F32_H
#define TINYC_MATMUL_F32_H

#include "tinyc_blocks_f32.h"

/* Four rows, or one, of the result. */
TINYC_ALWAYS_INLINE void tinyc_matmul_rows(int32_t rows, const tinyc_matmul_shape *shape, const float *a,
                                           const float *b, float *y)
{
    static const float none[TINYC_BLOCK_FILTERS] = {0.0f, 0.0f, 0.0f, 0.0f};
    int32_t j = 0;
    for (; j + TINYC_BLOCK_FILTERS <= shape->columns; j += TINYC_BLOCK_FILTERS) {
        if (rows == TINYC_BLOCK_PIXELS) {
            float sums[TINYC_BLOCK_PIXELS * TINYC_BLOCK_FILTERS] = {0.0f};
            tinyc_products_4x4(shape->depth, a, shape->depth, b + j, shape->columns, sums);
#pragma GCC unroll 4
            for (int32_t i = 0; i < TINYC_BLOCK_PIXELS; ++i) {
                (void)memcpy(y + i * shape->columns + j, sums + i * TINYC_BLOCK_FILTERS,
                             TINYC_BLOCK_FILTERS * sizeof(float));
            }
        } else {
            tinyc_products_1x4(1, shape->depth, a, 0, b + j, 0, shape->columns, none, y + j);
        }
    }
    for (; j < shape->columns; ++j) {
        for (int32_t i = 0; i < rows; ++i) {
            float sum = 0.0f;
            for (int32_t k = 0; k < shape->depth; ++k) {
                sum += a[i * shape->depth + k] * b[k * shape->columns + j];
            }
            y[i * shape->columns + j] = sum;
        }
    }
}

TINYC_ALWAYS_INLINE void tinyc_matmul_f32_inline(const tinyc_matmul_shape *shape, const float *a, const float *b,
                                                 float *y)
{
    for (int32_t n = 0; n < shape->batches; ++n, b += shape->b_step) {
        int32_t i = 0;
        for (; i + TINYC_BLOCK_PIXELS <= shape->rows; i += TINYC_BLOCK_PIXELS) {
            tinyc_matmul_rows(TINYC_BLOCK_PIXELS, shape, a, b, y);
            a += TINYC_BLOCK_PIXELS * shape->depth;
            y += TINYC_BLOCK_PIXELS * shape->columns;
        }
        for (; i < shape->rows; ++i) {
            tinyc_matmul_rows(1, shape, a, b, y);
            a += shape->depth;
            y += shape->columns;
        }
    }
}

#endif
