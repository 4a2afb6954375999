/* SPDX-License-Identifier: Apache-2.0 */
#include "arm_nnfunctions.h"
#include "nn_depthwise.h"
#include "nn_depthwise_mve.h"
#include "nn_window.h"

arm_cmsis_nn_status arm_depthwise_conv_wrapper_s8(const cmsis_nn_context *ctx,
                                                  const cmsis_nn_dw_conv_params *dw_conv_params,
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
    (void)ctx;
    (void)bias_dims;
    const cmsis_nn_dw_conv_params *const p = dw_conv_params;
    if (p->ch_mult < 1 || input_dims->c * p->ch_mult != output_dims->c)
    {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    const nn_depthwise_layer layer = {
        .bias = bias_data,
        .channels = output_dims->c,
        .multiplier = p->ch_mult,
        .stage = {quant_params->multiplier, quant_params->shift, p->output_offset, p->activation.min, p->activation.max},
    };
    const int32_t x_row = input_dims->w * input_dims->c;
    nn_taps_walk walk = {
        .x_row = p->dilation.h * x_row,
        .x_tap = p->dilation.w * input_dims->c,
        .w_row = filter_dims->w * output_dims->c,
        .w_tap = output_dims->c,
        .offset = p->input_offset,
    };
    for (int32_t n = 0; n < input_dims->n; n++, input_data += input_dims->h * x_row)
    {
        for (int32_t oy = 0; oy < output_dims->h; oy++)
        {
            const int32_t y = oy * p->stride.h - p->padding.h;
            const nn_taps rows = nn_taps_inside(y, filter_dims->h, p->dilation.h, input_dims->h);
            walk.height = rows.end - rows.first;
            for (int32_t ox = 0; ox < output_dims->w; ox++, output_data += output_dims->c)
            {
                const int32_t x = ox * p->stride.w - p->padding.w;
                const nn_taps columns = nn_taps_inside(x, filter_dims->w, p->dilation.w, input_dims->w);
                walk.width = columns.end - columns.first;
                const int32_t from = y * x_row + x * input_dims->c + rows.first * walk.x_row + columns.first * walk.x_tap;
                const int32_t tap = rows.first * walk.w_row + columns.first * walk.w_tap;
#if defined(ARM_MATH_MVEI)
                if (p->ch_mult == 1)
                {
                    nn_depthwise_pixel_mve(&layer, &walk, input_data + from, filter_data + tap, output_data);
                    continue;
                }
#endif
                nn_depthwise_pixel(layer, walk, input_data + from, filter_data + tap, output_data);
            }
        }
    }
    return ARM_CMSIS_NN_SUCCESS;
}
