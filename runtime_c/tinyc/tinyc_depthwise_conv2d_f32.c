/* SPDX-License-Identifier: Apache-2.0 */
/* Direct convolution of every channel with filters of its own; four neighbouring channels at a time where each has one
 * filter. */
#include "tinyc_clamp.h"
#include "tinyc_kernels.h"
#include "tinyc_taps.h"

#define BLOCK 4

/* The taps of one window that lie inside the input, rows * columns of them. */
typedef struct {
    int32_t rows, columns;
    int32_t x_start, x_row, x_column; /* the first tap in x, and the steps to the next row and column */
    int32_t w_start, w_row, w_column; /* the same in the weights */
} window_cells;

static window_cells cells_of(const tinyc_conv2d_params *p, int32_t top, int32_t left)
{
    const tinyc_taps rows = tinyc_taps_inside(top, p->kernel_h, p->dilation_h, p->in_h);
    const tinyc_taps columns = tinyc_taps_inside(left, p->kernel_w, p->dilation_w, p->in_w);
    const int32_t y = top + rows.first * p->dilation_h;
    const int32_t x = left + columns.first * p->dilation_w;
    const window_cells cells = {
        .rows = rows.end - rows.first,
        .columns = columns.end - columns.first,
        .x_start = (y * p->in_w + x) * p->in_c,
        .x_row = p->dilation_h * p->in_w * p->in_c,
        .x_column = p->dilation_w * p->in_c,
        .w_start = (rows.first * p->kernel_w + columns.first) * p->out_c,
        .w_row = p->kernel_w * p->out_c,
        .w_column = p->out_c,
    };
    return cells;
}

/* sum + the window of one channel of x times one filter. */
static float filtered(const window_cells *cells, const float *x, const float *w, float sum)
{
    for (int32_t row = 0; row < cells->rows; ++row) {
        const float *const from = x + cells->x_start + row * cells->x_row;
        const float *const weight = w + cells->w_start + row * cells->w_row;
        for (int32_t column = 0; column < cells->columns; ++column) {
            sum += from[column * cells->x_column] * weight[column * cells->w_column];
        }
    }
    return sum;
}

/* The same for BLOCK neighbouring channels, each with one filter. */
static void filtered_block(const window_cells *cells, const float *x, const float *w, float *sums)
{
    float s0 = sums[0];
    float s1 = sums[1];
    float s2 = sums[2];
    float s3 = sums[3];
    for (int32_t row = 0; row < cells->rows; ++row) {
        const float *const from = x + cells->x_start + row * cells->x_row;
        const float *const weight = w + cells->w_start + row * cells->w_row;
        for (int32_t column = 0; column < cells->columns; ++column) {
            const float *const value = from + column * cells->x_column;
            const float *const factor = weight + column * cells->w_column;
            s0 += value[0] * factor[0];
            s1 += value[1] * factor[1];
            s2 += value[2] * factor[2];
            s3 += value[3] * factor[3];
        }
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

/* The results of all channels over a window. */
static void convolve_window(const tinyc_conv2d_params *p, const window_cells *cells, const float *x, const float *w,
                            const float *b, float *y)
{
    const int32_t multiplier = p->out_c / p->in_c;
    int32_t o = 0;
    for (; multiplier == 1 && o + BLOCK <= p->out_c; o += BLOCK) {
        float sums[BLOCK] = {b[o], b[o + 1], b[o + 2], b[o + 3]};
        filtered_block(cells, x + o, w + o, sums);
        for (int32_t k = 0; k < BLOCK; ++k) {
            y[o + k] = tinyc_clamped_f32(sums[k], p->low, p->high);
        }
    }
    for (; o < p->out_c; ++o) {
        y[o] = tinyc_clamped_f32(filtered(cells, x + o / multiplier, w + o, b[o]), p->low, p->high);
    }
}

void tinyc_depthwise_conv2d_f32(const tinyc_conv2d_params *params, const float *x, const float *w, const float *b,
                                float *y)
{
    const tinyc_conv2d_params p = *params;
    for (int32_t n = 0; n < p.batches; ++n, x += p.in_h * p.in_w * p.in_c) {
        for (int32_t i = 0; i < p.out_h; ++i) {
            for (int32_t j = 0; j < p.out_w; ++j, y += p.out_c) {
                const window_cells cells = cells_of(&p, i * p.stride_h - p.pad_top, j * p.stride_w - p.pad_left);
                convolve_window(&p, &cells, x, w, b, y);
            }
        }
    }
}
