/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A convolution is a matrix product of filters with windows. Pointwise, the windows are the pixels themselves and the
 * input offset goes into the accumulators' start; otherwise two windows at a time are gathered into columns.
 */
#include "arm_nnfunctions.h"
#include "nn_buffer_size.h"
#include "nn_dot.h"
#include "nn_im2col.h"
#include "nn_requantize.h"

/* One convolution, or one group of it: `channels` filters of `depth` values each. */
typedef struct
{
    const int8_t *filter;
    const int32_t *bias; /* or NULL */
    int32_t channels;
    int32_t depth;
    int32_t pixel_stride; /* from an output pixel to the next */
    nn_output_stage stage;
} nn_filters;

NN_INLINE int32_t nn_bias(const nn_filters *filters, int32_t channel)
{
    return filters->bias == NULL ? 0 : filters->bias[channel];
}

/* `count` pixels, `stride` apart, by all filters. */
static void nn_rows(nn_filters filters, const int8_t *x, int32_t stride, int32_t count, int32_t offset, int8_t *y)
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
static void nn_columns(nn_filters filters, const nn_column *x0, const nn_column *x1, int8_t *y0, int8_t *y1)
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

static void nn_convolve_pointwise(const nn_filters *filters, const cmsis_nn_conv_params *params,
                                  const cmsis_nn_dims *input, const int8_t *x, const cmsis_nn_dims *output, int8_t *y)
{
    if (params->stride.w == 1 && params->stride.h == 1)
    {
        nn_rows(*filters, x, input->c, input->n * input->h * input->w, params->input_offset, y);
        return;
    }
    for (int32_t n = 0; n < input->n; n++, x += input->h * input->w * input->c)
    {
        const int8_t *row = x;
        for (int32_t oy = 0; oy < output->h; oy++)
        {
            nn_rows(*filters, row, params->stride.w * input->c, output->w, params->input_offset, y);
            row += params->stride.h * input->w * input->c;
            y += output->w * output->c;
        }
    }
}

/* One group of one image: `x` and `y` are the group's first channel of the first pixel. */
static void nn_convolve_image(const nn_filters *filters, const cmsis_nn_conv_params *params, const cmsis_nn_dims *input,
                              const int8_t *x, const cmsis_nn_dims *kernel, const cmsis_nn_dims *output, int8_t *y,
                              nn_column *columns)
{
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

arm_cmsis_nn_status arm_convolve_wrapper_s8(const cmsis_nn_context *ctx,
                                            const cmsis_nn_conv_params *conv_params,
                                            const cmsis_nn_per_channel_quant_params *quant_params,
                                            const cmsis_nn_dims *input_dims,
                                            const int8_t *input_data,
                                            const cmsis_nn_dims *filter_dims,
                                            const int8_t *filter_data,
                                            const cmsis_nn_dims *bias_dims,
                                            const int32_t *bias_data,
                                            const cmsis_nn_dims *output_dims,
                                            int8_t *output_data)
{
    (void)bias_dims;
    const int32_t groups = input_dims->c / filter_dims->c;
    if (groups * filter_dims->c != input_dims->c || output_dims->c % groups != 0)
    {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    nn_filters filters = {
        .filter = filter_data,
        .bias = bias_data,
        .channels = output_dims->c / groups,
        .depth = filter_dims->h * filter_dims->w * filter_dims->c,
        .pixel_stride = output_dims->c,
        .stage = {quant_params->multiplier, quant_params->shift, conv_params->output_offset,
                  conv_params->activation.min, conv_params->activation.max},
    };
    if (nn_is_pointwise(conv_params, input_dims, filter_dims))
    {
        nn_convolve_pointwise(&filters, conv_params, input_dims, input_data, output_dims, output_data);
        return ARM_CMSIS_NN_SUCCESS;
    }
    if (ctx->buf == NULL)
    {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    for (int32_t group = 0; group < groups; group++)
    {
        const int8_t *x = input_data + group * filter_dims->c;
        int8_t *y = output_data + group * filters.channels;
        for (int32_t n = 0; n < input_dims->n; n++)
        {
            nn_convolve_image(&filters, conv_params, input_dims, x, filter_dims, output_dims, y, (nn_column *)ctx->buf);
            x += input_dims->h * input_dims->w * input_dims->c;
            y += output_dims->h * output_dims->w * output_dims->c;
        }
        filters.filter += filters.channels * filters.depth;
        filters.bias = bias_data == NULL ? NULL : filters.bias + filters.channels;
        filters.stage.multiplier += filters.channels;
        filters.stage.shift += filters.channels;
    }
    return ARM_CMSIS_NN_SUCCESS;
}
