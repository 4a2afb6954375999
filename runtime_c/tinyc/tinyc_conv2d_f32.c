/* SPDX-License-Identifier: Apache-2.0 */
/* Direct convolution. The taps of a window are runs of neighbouring floats, as long as possible: a whole row of the
 * kernel where its cells are neighbours in the input, else one cell. Four filters share the loads of a run. */
#include "tinyc_clamp.h"
#include "tinyc_dot.h"
#include "tinyc_kernels.h"
#include "tinyc_taps.h"

/* The taps of one window that lie inside the input: rows * runs runs of `length` floats. */
typedef struct {
    int32_t rows, runs, length;
    int32_t x_start, x_row, x_run; /* the first run in x, and the steps to the next row and run */
    int32_t w_start, w_row, w_run; /* the same in a filter */
} window_runs;

static window_runs runs_of(const tinyc_conv2d_params *p, int32_t top, int32_t left)
{
    const tinyc_taps rows = tinyc_taps_inside(top, p->kernel_h, p->dilation_h, p->in_h);
    const tinyc_taps columns = tinyc_taps_inside(left, p->kernel_w, p->dilation_w, p->in_w);
    const int32_t width = columns.end - columns.first;
    const int whole_rows = p->dilation_w == 1 && p->kernel_c == p->in_c;
    const int32_t y = top + rows.first * p->dilation_h;
    const int32_t x = left + columns.first * p->dilation_w;
    const window_runs runs = {
        .rows = rows.end - rows.first,
        .runs = whole_rows && width > 0 ? 1 : width,
        .length = (whole_rows ? width : 1) * p->kernel_c,
        .x_start = (y * p->in_w + x) * p->in_c,
        .x_row = p->dilation_h * p->in_w * p->in_c,
        .x_run = p->dilation_w * p->in_c,
        .w_start = (rows.first * p->kernel_w + columns.first) * p->kernel_c,
        .w_row = p->kernel_w * p->kernel_c,
        .w_run = p->kernel_c,
    };
    return runs;
}

/* sum + the window of x times one filter. */
static float filtered(const window_runs *runs, const float *x, const float *w, float sum)
{
    for (int32_t row = 0; row < runs->rows; ++row) {
        for (int32_t run = 0; run < runs->runs; ++run) {
            sum = tinyc_dot_f32(runs->length, x + runs->x_start + row * runs->x_row + run * runs->x_run,
                                w + runs->w_start + row * runs->w_row + run * runs->w_run, sum);
        }
    }
    return sum;
}

/* The same for TINYC_BLOCK filters, `step` elements apart. */
static void filtered_block(const window_runs *runs, const float *x, const float *w, int32_t step, float *sums)
{
    for (int32_t row = 0; row < runs->rows; ++row) {
        for (int32_t run = 0; run < runs->runs; ++run) {
            tinyc_dot_block_f32(runs->length, x + runs->x_start + row * runs->x_row + run * runs->x_run,
                                w + runs->w_start + row * runs->w_row + run * runs->w_run, step, sums);
        }
    }
}

/* The results of `count` filters, those of one group, over a window. */
static void convolve_group(const tinyc_conv2d_params *p, const window_runs *runs, int32_t count, const float *x,
                           const float *w, const float *b, float *y)
{
    const int32_t filter = p->kernel_h * p->kernel_w * p->kernel_c;
    int32_t o = 0;
    for (; o + TINYC_BLOCK <= count; o += TINYC_BLOCK) {
        float sums[TINYC_BLOCK] = {b[o], b[o + 1], b[o + 2], b[o + 3]};
        filtered_block(runs, x, w + o * filter, filter, sums);
        for (int32_t k = 0; k < TINYC_BLOCK; ++k) {
            y[o + k] = tinyc_clamped_f32(sums[k], p->low, p->high);
        }
    }
    for (; o < count; ++o) {
        y[o] = tinyc_clamped_f32(filtered(runs, x, w + o * filter, b[o]), p->low, p->high);
    }
}

void tinyc_conv2d_f32(const tinyc_conv2d_params *params, const float *x, const float *w, const float *b, float *y)
{
    const tinyc_conv2d_params p = *params;
    const int32_t groups = p.in_c / p.kernel_c;
    const int32_t group_out = p.out_c / groups;
    const int32_t group_weights = group_out * p.kernel_h * p.kernel_w * p.kernel_c;
    for (int32_t n = 0; n < p.batches; ++n, x += p.in_h * p.in_w * p.in_c) {
        for (int32_t i = 0; i < p.out_h; ++i) {
            for (int32_t j = 0; j < p.out_w; ++j) {
                const window_runs runs = runs_of(&p, i * p.stride_h - p.pad_top, j * p.stride_w - p.pad_left);
                for (int32_t g = 0; g < groups; ++g, y += group_out) {
                    convolve_group(&p, &runs, group_out, x + g * p.kernel_c, w + g * group_weights, b + g * group_out,
                                   y);
                }
            }
        }
    }
}
