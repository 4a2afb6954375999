/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: a convolution of floats, four pixels of a row times four filters at a time; see tinyc_kernels.h. Pixels
 * whose windows reach beyond the row, and those that are left over, go one by one. */
#ifndef TINYC_CONV_BLOCKS_F32_H
#define TINYC_CONV_BLOCKS_F32_H

#include "tinyc_blocks_f32.h"
#include "tinyc_taps.h"

/* The taps of a window that lie inside the input: rows * runs runs of `length` floats. */
typedef struct {
    int32_t rows, runs, length;
    int32_t x_start, x_row, x_run; /* the first run in x, and the steps to the next row and run */
    int32_t w_start, w_row, w_run; /* the same among the weights of four filters */
} tinyc_block_runs;

TINYC_ALWAYS_INLINE tinyc_block_runs tinyc_block_runs_of(const tinyc_conv2d_params *p, tinyc_taps rows, int32_t top,
                                                         tinyc_taps columns, int32_t left)
{
    const int32_t width = columns.end - columns.first;
    const int32_t cell = TINYC_BLOCK_FILTERS * p->in_c;
    const int32_t y = top + rows.first * p->dilation_h;
    const int32_t x = left + columns.first * p->dilation_w;
    tinyc_block_runs runs;
    runs.rows = rows.end - rows.first;
    runs.runs = p->dilation_w == 1 && width > 0 ? 1 : width;
    runs.length = (p->dilation_w == 1 ? width : 1) * p->in_c;
    runs.x_start = (y * p->in_w + x) * p->in_c;
    runs.x_row = p->dilation_h * p->in_w * p->in_c;
    runs.x_run = p->dilation_w * p->in_c;
    runs.w_start = (rows.first * p->kernel_w + columns.first) * cell;
    runs.w_row = p->kernel_w * cell;
    runs.w_run = cell;
    return runs;
}

/* All filters over four neighbouring windows. */
TINYC_ALWAYS_INLINE void tinyc_conv_block(const tinyc_conv2d_params *p, const tinyc_block_runs *at, const float *x,
                                          const float *w, float *y)
{
    const int32_t apart = p->stride_w * p->in_c;
    const int32_t filters = TINYC_BLOCK_FILTERS * (1 + p->kernel_h * p->kernel_w * p->in_c);
    for (int32_t o = 0; o < p->out_c; o += TINYC_BLOCK_FILTERS, w += filters) {
        float sums[TINYC_BLOCK_PIXELS * TINYC_BLOCK_FILTERS];
#pragma GCC unroll 4
        for (int32_t pixel = 0; pixel < TINYC_BLOCK_PIXELS; ++pixel) {
            (void)memcpy(sums + pixel * TINYC_BLOCK_FILTERS, w, TINYC_BLOCK_FILTERS * sizeof(float));
        }
        const float *const weights = w + TINYC_BLOCK_FILTERS + at->w_start;
        for (int32_t row = 0; row < at->rows; ++row) {
            for (int32_t run = 0; run < at->runs; ++run) {
                tinyc_products_4x4(at->length, x + at->x_start + row * at->x_row + run * at->x_run, apart,
                                   weights + row * at->w_row + run * at->w_run, TINYC_BLOCK_FILTERS, sums);
            }
        }
        const int32_t left = p->out_c % TINYC_BLOCK_FILTERS == 0 ? TINYC_BLOCK_FILTERS : p->out_c - o;
#pragma GCC unroll 4
        for (int32_t pixel = 0; pixel < TINYC_BLOCK_PIXELS; ++pixel) {
            tinyc_clamped_sums(left, sums + pixel * TINYC_BLOCK_FILTERS, p->low, p->high,
                               y + pixel * p->out_c + o);
        }
    }
}

/* All filters over one window. */
TINYC_ALWAYS_INLINE void tinyc_conv_alone(const tinyc_conv2d_params *p, const tinyc_block_runs *at, const float *x,
                                          const float *w, float *y)
{
    const int32_t filters = TINYC_BLOCK_FILTERS * (1 + p->kernel_h * p->kernel_w * p->in_c);
    for (int32_t o = 0; o < p->out_c; o += TINYC_BLOCK_FILTERS, w += filters) {
        float sums[TINYC_BLOCK_FILTERS];
        const float *from = w;
        const float *const weights = w + TINYC_BLOCK_FILTERS + at->w_start;
        if (at->runs == 1) {
            if (at->rows > 0) {
                tinyc_products_1x4(at->rows, at->length, x + at->x_start, at->x_row, weights, at->w_row,
                                   TINYC_BLOCK_FILTERS, from, sums);
                from = sums;
            }
        } else {
            for (int32_t row = 0; row < at->rows && at->runs > 0; ++row) {
                tinyc_products_1x4(at->runs, at->length, x + at->x_start + row * at->x_row, at->x_run,
                                   weights + row * at->w_row, at->w_run, TINYC_BLOCK_FILTERS, from, sums);
                from = sums;
            }
        }
        const int32_t left = p->out_c % TINYC_BLOCK_FILTERS == 0 ? TINYC_BLOCK_FILTERS : p->out_c - o;
        tinyc_clamped_sums(left, from, p->low, p->high, y + o);
    }
}

TINYC_ALWAYS_INLINE void tinyc_conv_blocks_f32_inline(const tinyc_conv2d_params *p, const float *x, const float *w,
                                                      float *y)
{
    /* the last window of four, as columns of x, starts so far behind the first; from `beyond` on it would not fit */
    const int32_t last = (TINYC_BLOCK_PIXELS - 1) * p->stride_w;
    const int32_t beyond = p->in_w - (p->kernel_w - 1) * p->dilation_w - last;
    const tinyc_taps all = {0, p->kernel_w};
    for (int32_t n = 0; n < p->batches; ++n, x += p->in_h * p->in_w * p->in_c) {
        for (int32_t i = 0; i < p->out_h; ++i) {
            const int32_t top = i * p->stride_h - p->pad_top;
            const tinyc_taps rows = tinyc_taps_inside(top, p->kernel_h, p->dilation_h, p->in_h);
            int32_t left = -p->pad_left;
            for (int32_t j = 0; j < p->out_w;) {
                if (left >= 0 && left < beyond && j + TINYC_BLOCK_PIXELS <= p->out_w) {
                    const tinyc_block_runs runs = tinyc_block_runs_of(p, rows, top, all, left);
                    tinyc_conv_block(p, &runs, x, w, y);
                    j += TINYC_BLOCK_PIXELS;
                    left += last + p->stride_w;
                    y += TINYC_BLOCK_PIXELS * p->out_c;
                } else {
                    const tinyc_taps columns = tinyc_taps_inside(left, p->kernel_w, p->dilation_w, p->in_w);
                    const tinyc_block_runs runs = tinyc_block_runs_of(p, rows, top, columns, left);
                    tinyc_conv_alone(p, &runs, x, w, y);
                    ++j;
                    left += p->stride_w;
                    y += p->out_c;
                }
            }
        }
    }
}

#endif
