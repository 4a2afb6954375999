/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution four windows by one filter at a time, sixteen values a step, with MVE. */
#ifndef NN_CONVOLVE_MVE_H
#define NN_CONVOLVE_MVE_H

#include "arm_nn_types.h"
#include "nn_buffer_size.h"
#include "nn_copy.h"
#include "nn_filters.h"
#include "nn_mve.h"
#include "nn_sum.h"

/* Columns of int8 start on multiples of this. */
#define NN_COLUMN_ALIGN 16

/* One filter, and what turns its sums into outputs. */
typedef struct
{
    const int8_t *weights;
    int32_t depth;
    int32_t start;
    int32_t offset; /* of the inputs, as far as `start` does not have its part */
    int32_t multiplier;
    int32_t shift;
} nn_filter_mve;

/* The outputs of up to four rows. */
NN_INLINE int32x4_t nn_four_rows(const nn_output_stage *stage, const nn_filter_mve *filter, const int8_t *const rows[4])
{
    int32x4_t sums;
    if (filter->offset == 0)
    {
        sums = nn_dot_4_mve(rows, filter->weights, filter->depth, filter->start);
    }
    else
    {
        int32_t sum;
        sums = nn_dot_4_and_sum_mve(rows, filter->weights, filter->depth, filter->start, &sum);
        sums = vaddq_n_s32(sums, filter->offset * sum);
    }
    return nn_clamp_mve(stage, nn_requantize_by_one_mve(sums, filter->multiplier, filter->shift));
}

/* `count` rows of `depth` values, `stride` apart, by all filters. */
static inline void nn_rows(nn_filters filters, const int8_t *x, int32_t stride, int32_t count, int32_t offset, int8_t *y)
{
    const uint32x4_t pixels = vmulq_n_u32(vidupq_n_u32(0, 1), (uint32_t)filters.pixel_stride);
    const int8_t *weights = filters.filter;
    for (int32_t k = 0; k < filters.channels; k++, weights += filters.depth)
    {
        nn_filter_mve filter = {weights, filters.depth, nn_bias(&filters, k), offset, filters.stage.multiplier[k],
                                filters.stage.shift[k]};
        if (count > 4 && offset != 0)
        {
            filter.start += offset * nn_sum(weights, filters.depth);
            filter.offset = 0;
        }
        const int8_t *from = x;
        int8_t *to = y + k;
        int32_t left = count;
        for (; left > 4; left -= 4)
        {
            const int8_t *const rows[4] = {from, from + stride, from + 2 * stride, from + 3 * stride};
            vstrbq_scatter_offset_s32(to, pixels, nn_four_rows(&filters.stage, &filter, rows));
            from += 4 * stride;
            to += 4 * filters.pixel_stride;
        }
        /* Rows beyond the last repeat it and are not stored. */
        const int8_t *const rows[4] = {from, from + nn_min(1, left - 1) * stride, from + nn_min(2, left - 1) * stride,
                                       from + nn_min(3, left - 1) * stride};
        const int32x4_t out = nn_four_rows(&filters.stage, &filter, rows);
        vstrbq_scatter_offset_p_s32(to, pixels, out, vctp32q((uint32_t)left));
    }
}

/* The kernel's inputs at (y, x) of the group that starts at `image`, as they are; padding is the zero point. */
static inline void nn_gather(const int8_t *image, int32_t y, int32_t x, const cmsis_nn_conv_params *params,
                             const cmsis_nn_dims *input, const cmsis_nn_dims *kernel, int8_t *column)
{
    const int8_t zero_point = (int8_t)-params->input_offset;
    const int32_t depth = kernel->c;
    const int32_t run = kernel->w * depth;
    const int whole_rows = params->dilation.w == 1 && depth == input->c && x >= 0 && x + kernel->w <= input->w;
    for (int32_t ky = 0; ky < kernel->h; ky++, y += params->dilation.h)
    {
        const int8_t *const row = image + y * input->w * input->c;
        if (y < 0 || y >= input->h)
        {
            nn_set(column, zero_point, run);
            column += run;
        }
        else if (whole_rows)
        {
            nn_copy(column, row + x * input->c, run);
            column += run;
        }
        else
        {
            for (int32_t kx = 0; kx < kernel->w; kx++, column += depth)
            {
                const int32_t tap = x + kx * params->dilation.w;
                if (tap < 0 || tap >= input->w)
                {
                    nn_set(column, zero_point, depth);
                }
                else
                {
                    nn_copy(column, row + tap * input->c, depth);
                }
            }
        }
    }
}

/*
 * One group of one image: `x` and `y` are the group's first channel of the first pixel. Along a single row, windows
 * inside the input need no column, and the workspace holds but one for those at the ends.
 */
static inline void nn_convolve_image(const nn_filters *filters, const cmsis_nn_conv_params *params,
                                     const cmsis_nn_dims *input, const int8_t *x, const cmsis_nn_dims *kernel,
                                     const cmsis_nn_dims *output, int8_t *y, void *workspace)
{
    int8_t *const columns = (int8_t *)workspace;
    const int single_row = nn_is_single_row(params, input, kernel);
    const int32_t column_stride = (filters->depth + NN_COLUMN_ALIGN - 1) / NN_COLUMN_ALIGN * NN_COLUMN_ALIGN;
    const int32_t capacity = single_row ? 1 : 4;
    int32_t gathered = 0;
    for (int32_t oy = 0; oy < output->h; oy++)
    {
        const int32_t top = oy * params->stride.h - params->padding.h;
        for (int32_t ox = 0; ox < output->w; ox++)
        {
            const int32_t left = ox * params->stride.w - params->padding.w;
            if (single_row && top == 0 && left >= 0 && left + kernel->w <= input->w)
            {
                const int32_t fit = (input->w - kernel->w - left) / params->stride.w + 1;
                const int32_t run = nn_min(fit, output->w - ox);
                nn_rows(*filters, x + left * input->c, params->stride.w * input->c, run, params->input_offset, y);
                y += run * filters->pixel_stride;
                ox += run - 1;
                continue;
            }
            nn_gather(x, top, left, params, input, kernel, columns + gathered * column_stride);
            gathered++;
            if (gathered == capacity)
            {
                nn_rows(*filters, columns, column_stride, gathered, params->input_offset, y);
                y += gathered * filters->pixel_stride;
                gathered = 0;
            }
        }
    }
    if (gathered != 0)
    {
        nn_rows(*filters, columns, column_stride, gathered, params->input_offset, y);
    }
}

#endif
