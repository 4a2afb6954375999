/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: poolings of floats, four neighbouring channels at a time; see tinyc_kernels.h. */
#ifndef TINYC_POOLS_F32_H
#define TINYC_POOLS_F32_H

#include "tinyc_clamp.h"
#include "tinyc_stage.h"
#include "tinyc_taps.h"

#define TINYC_POOL_BLOCK 4

typedef enum { TINYC_LARGEST, TINYC_AVERAGE } tinyc_pooling;

/* Rows * columns cells from x on; a row of the input is `row_step` floats long. */
typedef struct {
    int32_t rows, columns, row_step;
    float factor; /* of sums */
} tinyc_pool_cells;

/* What is known of the cells so far, and one more: where they do not compare, the largest stays. */
TINYC_ALWAYS_INLINE float tinyc_pooled_f32(tinyc_pooling pooling, float value, float so_far)
{
    return pooling == TINYC_AVERAGE ? so_far + value : value > so_far ? value : so_far;
}

/* The results of 4 channels, or of 1, over a window. */
TINYC_ALWAYS_INLINE void tinyc_pool_window(int32_t count, tinyc_pooling pooling, const tinyc_pool2d_params *p,
                                           const tinyc_pool_cells *cells, const float *x, float *y)
{
    float found[TINYC_POOL_BLOCK];
    for (int32_t c = 0; c < count; ++c) {
        found[c] = pooling == TINYC_AVERAGE ? 0.0f : x[c];
    }
    for (int32_t row = 0; row < cells->rows; ++row, x += cells->row_step) {
        const float *cell = x;
        for (int32_t column = 0; column < cells->columns; ++column, cell += p->channels) {
#pragma GCC unroll 4
            for (int32_t c = 0; c < count; ++c) {
                found[c] = tinyc_pooled_f32(pooling, cell[c], found[c]);
            }
        }
    }
#pragma GCC unroll 4
    for (int32_t c = 0; c < count; ++c) {
        const float value = pooling == TINYC_AVERAGE ? found[c] * cells->factor : found[c];
        y[c] = tinyc_clamped_f32(value, p->low, p->high);
    }
}

TINYC_ALWAYS_INLINE void tinyc_pools_f32(tinyc_pooling pooling, const tinyc_pool2d_params *p, const float *x, float *y)
{
    const int32_t row_step = p->in_w * p->channels;
    for (int32_t n = 0; n < p->batches; ++n, x += p->in_h * row_step) {
        for (int32_t i = 0; i < p->out_h; ++i) {
            const int32_t top = i * p->stride_h - p->pad_top;
            const tinyc_taps rows = tinyc_taps_inside(top, p->kernel_h, 1, p->in_h);
            for (int32_t j = 0; j < p->out_w; ++j, y += p->channels) {
                const int32_t left = j * p->stride_w - p->pad_left;
                const tinyc_taps columns = tinyc_taps_inside(left, p->kernel_w, 1, p->in_w);
                const int32_t height = rows.end - rows.first;
                const int32_t width = columns.end - columns.first;
                const tinyc_pool_cells cells = {height, width, row_step, 1.0f / (float)(height * width)};
                const float *const from = x + (top + rows.first) * row_step + (left + columns.first) * p->channels;
                int32_t c = 0;
                for (; c + TINYC_POOL_BLOCK <= p->channels; c += TINYC_POOL_BLOCK) {
                    tinyc_pool_window(TINYC_POOL_BLOCK, pooling, p, &cells, from + c, y + c);
                }
                for (; c < p->channels; ++c) {
                    tinyc_pool_window(1, pooling, p, &cells, from + c, y + c);
                }
            }
        }
    }
}

#endif
