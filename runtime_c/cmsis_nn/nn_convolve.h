/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution two windows by two filters at a time, without MVE. */
#ifndef NN_CONVOLVE_H
#define NN_CONVOLVE_H

#include "nn_dot.h"
#include "nn_filters.h"
#include "nn_im2col.h"
#include "nn_sum.h"

/* `count` pixels, `stride` apart, by all filters. */
static inline void nn_rows(nn_filters filters, const int8_t *x, int32_t stride, int32_t count, int32_t offset, int8_t *y)
{
    const int32_t depth = filters.depth;
    for (int32_t k = 0; k < filters.channels; k += 2)
    {
        /* A last odd channel or pixel is computed twice. */
        const int32_t k1 = nn_min(k + 1, filters.channels - 1);
        const int8_t *const w0 = filters.filter + k * depth;
        const int8_t *const w1 = filters.filter + k1 * depth;
        const int32_t start0 = nn_bias(&filters, k) + (offset == 0 ? 0 : offset * nn_sum(w0, depth));
        const int32_t start1 = nn_bias(&filters, k1) + (offset == 0 ? 0 : offset * nn_sum(w1, depth));
        const int8_t *x0 = x;
        int8_t *y0 = y;
        for (int32_t left = count; left > 0; left -= 2)
        {
            const int8_t *const x1 = left == 1 ? x0 : x0 + stride;
            int8_t *const y1 = left == 1 ? y0 : y0 + filters.pixel_stride;
            int32_t acc[4] = {start0, start1, start0, start1};
            nn_dot_rows_2x2(x0, x1, w0, w1, depth, acc);
            y0[k] = nn_output(&filters.stage, k, acc[0]);
            y0[k1] = nn_output(&filters.stage, k1, acc[1]);
            y1[k] = nn_output(&filters.stage, k, acc[2]);
            y1[k1] = nn_output(&filters.stage, k1, acc[3]);
            x0 = x1 + stride;
            y0 = y1 + filters.pixel_stride;
        }
    }
}

/* Two columns by all filters, to the pixels y0 and y1; equal columns and pixels for a single one. */
static inline void nn_columns(nn_filters filters, const nn_column *x0, const nn_column *x1, int8_t *y0, int8_t *y1)
{
    const int32_t depth = filters.depth;
    for (int32_t k = 0; k < filters.channels; k += 2)
    {
        const int32_t k1 = nn_min(k + 1, filters.channels - 1);
        const int32_t start0 = nn_bias(&filters, k);
        const int32_t start1 = nn_bias(&filters, k1);
        int32_t acc[4] = {start0, start1, start0, start1};
        nn_dot_columns_2x2(x0, x1, filters.filter + k * depth, filters.filter + k1 * depth, depth, acc);
        y0[k] = nn_output(&filters.stage, k, acc[0]);
        y0[k1] = nn_output(&filters.stage, k1, acc[1]);
        y1[k] = nn_output(&filters.stage, k, acc[2]);
        y1[k1] = nn_output(&filters.stage, k1, acc[3]);
    }
}

/* One group of one image: `x` and `y` are the group's first channel of the first pixel. */
static inline void nn_convolve_image(const nn_filters *filters, const cmsis_nn_conv_params *params, const cmsis_nn_dims *input,
                              const int8_t *x, const cmsis_nn_dims *kernel, const cmsis_nn_dims *output, int8_t *y,
                              void *workspace)
{
    nn_column *const columns = (nn_column *)workspace;
    nn_column *const second = columns + nn_column_size(filters->depth);
    int8_t *waiting = NULL; /* the pixel whose column lies in `columns` */
    for (int32_t oy = 0; oy < output->h; oy++)
    {
        for (int32_t ox = 0; ox < output->w; ox++, y += filters->pixel_stride)
        {
            const nn_window window = {x, oy * params->stride.h - params->padding.h,
                                      ox * params->stride.w - params->padding.w, kernel->c};
            nn_im2col(&window, params, input, kernel, waiting == NULL ? columns : second);
            if (waiting == NULL)
            {
                waiting = y;
                continue;
            }
            nn_columns(*filters, columns, second, waiting, y);
            waiting = NULL;
        }
    }
    if (waiting != NULL)
    {
        nn_columns(*filters, columns, columns, waiting, waiting);
    }
}

#endif
