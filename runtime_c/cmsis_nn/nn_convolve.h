/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution two windows by two filters at a time, without MVE. */
#ifndef NN_CONVOLVE_H
#define NN_CONVOLVE_H

#include "nn_dot.h"
#include "nn_filters.h"
#include "nn_im2col.h"
#include "nn_sum.h"

/* One row of `depth` values by all filters. */
static inline void nn_row(nn_filters filters, const int8_t *x, int32_t offset, int8_t *y)
{
    const int32_t depth = filters.depth;
    const int8_t *w = filters.filter;
    int32_t k = 0;
    for (; k + 4 <= filters.channels; k += 4, w += 4 * depth)
    {
        int32_t acc[4] = {nn_bias(&filters, k), nn_bias(&filters, k + 1), nn_bias(&filters, k + 2),
                          nn_bias(&filters, k + 3)};
        nn_dot_row_1x4(x, offset, w, depth, acc);
        for (int32_t i = 0; i < 4; i++)
        {
            y[k + i] = nn_output(&filters.stage, k + i, acc[i]);
        }
    }
    for (; k < filters.channels; k++, w += depth)
    {
        y[k] = nn_output(&filters.stage, k, nn_dot_row(x, offset, w, depth, nn_bias(&filters, k)));
    }
}

/* `count` rows of `depth` values, `stride` apart, by all filters; the input offset goes into the sums' start. */
static inline void nn_rows(nn_filters filters, const int8_t *x, int32_t stride, int32_t count, int32_t offset, int8_t *y)
{
    if (count == 1)
    {
        nn_row(filters, x, offset, y);
        return;
    }
    const int32_t depth = filters.depth;
    const int8_t *w = filters.filter;
    int32_t k = 0;
    for (; k + 2 <= filters.channels; k += 2, w += 2 * depth)
    {
        const int32_t start0 = nn_bias(&filters, k) + (offset == 0 ? 0 : offset * nn_sum(w, depth));
        const int32_t start1 = nn_bias(&filters, k + 1) + (offset == 0 ? 0 : offset * nn_sum(w + depth, depth));
        const nn_scale scale0 = nn_channel_scale(&filters.stage, k);
        const nn_scale scale1 = nn_channel_scale(&filters.stage, k + 1);
        const int8_t *from = x;
        int8_t *to = y + k;
        int32_t left = count;
        for (; left >= 2; left -= 2)
        {
            int32_t acc[4] = {start0, start1, start0, start1};
            nn_dot_rows_2x2(from, stride, w, depth, acc);
            to[0] = nn_scaled_output(&filters.stage, &scale0, acc[0]);
            to[1] = nn_scaled_output(&filters.stage, &scale1, acc[1]);
            to += filters.pixel_stride;
            to[0] = nn_scaled_output(&filters.stage, &scale0, acc[2]);
            to[1] = nn_scaled_output(&filters.stage, &scale1, acc[3]);
            to += filters.pixel_stride;
            from += 2 * stride;
        }
        if (left != 0)
        {
            const int32_t acc0 = nn_dot_row(from, 0, w, depth, start0);
            const int32_t acc1 = nn_dot_row(from, 0, w + depth, depth, start1);
            to[0] = nn_scaled_output(&filters.stage, &scale0, acc0);
            to[1] = nn_scaled_output(&filters.stage, &scale1, acc1);
        }
    }
    if (k < filters.channels)
    {
        for (int32_t i = 0; i < count; i++)
        {
            const int32_t acc = nn_dot_row(x + i * stride, offset, w, depth, nn_bias(&filters, k));
            y[i * filters.pixel_stride + k] = nn_output(&filters.stage, k, acc);
        }
    }
}

/* The pair of columns `x` by all filters, to the pixel `y` and the next. */
static inline void nn_columns(nn_filters filters, nn_column *x, int8_t *y)
{
    const int32_t depth = filters.depth;
    const int8_t *w = filters.filter;
    int8_t *const next = y + filters.pixel_stride;
    int32_t k = 0;
    for (; k + 2 <= filters.channels; k += 2, w += 2 * depth)
    {
        const int32_t start0 = nn_bias(&filters, k);
        const int32_t start1 = nn_bias(&filters, k + 1);
        int32_t acc[4] = {start0, start1, start0, start1};
        nn_dot_columns_2x2(x, w, depth, acc);
        const nn_scale scale0 = nn_channel_scale(&filters.stage, k);
        y[k] = nn_scaled_output(&filters.stage, &scale0, acc[0]);
        next[k] = nn_scaled_output(&filters.stage, &scale0, acc[2]);
        const nn_scale scale1 = nn_channel_scale(&filters.stage, k + 1);
        y[k + 1] = nn_scaled_output(&filters.stage, &scale1, acc[1]);
        next[k + 1] = nn_scaled_output(&filters.stage, &scale1, acc[3]);
    }
    if (k < filters.channels)
    {
        const int32_t start = nn_bias(&filters, k);
        y[k] = nn_output(&filters.stage, k, nn_dot_column(x, w, depth, start));
        next[k] = nn_output(&filters.stage, k, nn_dot_column(nn_second_column(x, depth), w, depth, start));
    }
}

/* The first column of the pair `x` by all filters, to the pixel `y`. */
static inline void nn_last_column(nn_filters filters, const nn_column *x, int8_t *y)
{
    const int8_t *w = filters.filter;
    for (int32_t k = 0; k < filters.channels; k++, w += filters.depth)
    {
        y[k] = nn_output(&filters.stage, k, nn_dot_column(x, w, filters.depth, nn_bias(&filters, k)));
    }
}

/* One group of one image: `x` and `y` are the group's first channel of the first pixel. */
static inline void nn_convolve_image(const nn_filters *filters, const cmsis_nn_conv_params *params, const cmsis_nn_dims *input,
                              const int8_t *x, const cmsis_nn_dims *kernel, const cmsis_nn_dims *output, int8_t *y,
                              void *workspace)
{
    nn_column *const first = (nn_column *)workspace;
    nn_column *const second = nn_second_column(first, filters->depth);
    int waiting = 0; /* whether the first column holds the pixel at y */
    for (int32_t oy = 0; oy < output->h; oy++)
    {
        for (int32_t ox = 0; ox < output->w; ox++)
        {
            const nn_window window = {x, oy * params->stride.h - params->padding.h,
                                      ox * params->stride.w - params->padding.w, kernel->c};
            nn_im2col(&window, params, input, kernel, waiting ? second : first);
            if (waiting)
            {
                nn_columns(*filters, first, y);
                y += 2 * filters->pixel_stride;
            }
            waiting = !waiting;
        }
    }
    if (waiting)
    {
        nn_last_column(*filters, first, y);
    }
}

#endif
