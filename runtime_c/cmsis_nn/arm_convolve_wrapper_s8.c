/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A convolution is a matrix product of filters with windows. Pointwise, the windows are the pixels themselves; otherwise
 * a few windows at a time are gathered into columns in the workspace.
 */
#include "arm_nnfunctions.h"
#include "nn_buffer_size.h"

#if defined(ARM_MATH_MVEI)
#include "nn_convolve_mve.h"
#else
#include "nn_convolve.h"
#endif

/*
 * `count` pixels, `stride` apart, by all filters, a strip at a time: what is behind a strip is no longer read, so that
 * the result may follow the input at that distance in the same memory. No pixel is left alone, which would cost more.
 */
static void nn_strips(const nn_filters *filters, const int8_t *x, int32_t stride, int32_t count, int32_t offset,
                      int8_t *y)
{
    while (count > 0)
    {
        const int32_t strip = count > NN_STRIP + 1 ? NN_STRIP : count;
        nn_rows(*filters, x, stride, strip, offset, y);
        x += strip * stride;
        y += strip * filters->pixel_stride;
        count -= strip;
    }
}

static void nn_convolve_pointwise(const nn_filters *filters, const cmsis_nn_conv_params *params,
                                  const cmsis_nn_dims *input, const int8_t *x, const cmsis_nn_dims *output, int8_t *y)
{
    if (params->stride.w == 1 && params->stride.h == 1)
    {
        nn_strips(filters, x, input->c, input->n * input->h * input->w, params->input_offset, y);
        return;
    }
    for (int32_t n = 0; n < input->n; n++, x += input->h * input->w * input->c)
    {
        const int8_t *row = x;
        for (int32_t oy = 0; oy < output->h; oy++)
        {
            nn_strips(filters, row, params->stride.w * input->c, output->w, params->input_offset, y);
            row += params->stride.h * input->w * input->c;
            y += output->w * output->c;
        }
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
            nn_convolve_image(&filters, conv_params, input_dims, x, filter_dims, output_dims, y, ctx->buf);
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
