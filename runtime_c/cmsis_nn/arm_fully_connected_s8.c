/* SPDX-License-Identifier: Apache-2.0 */
#include "arm_nnfunctions.h"
#include "nn_fully_connected.h"

arm_cmsis_nn_status arm_fully_connected_s8(const cmsis_nn_context *ctx,
                                           const cmsis_nn_fc_params *fc_params,
                                           const cmsis_nn_per_tensor_quant_params *quant_params,
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
#if defined(ARM_MATH_MVEI)
    if (ctx->buf == NULL)
    {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
#endif
    const nn_dense dense = {
        .filter = filter_data,
        .start = nn_dense_starts(ctx, bias_data),
        .channels = output_dims->c,
        .depth = filter_dims->n,
        .input_offset = fc_params->input_offset,
        .filter_offset = fc_params->filter_offset,
        .stage = {&quant_params->multiplier, &quant_params->shift, fc_params->output_offset,
                  fc_params->activation.min, fc_params->activation.max},
        .per_channel = 0,
    };
    for (int32_t n = 0; n < input_dims->n; n++)
    {
        nn_dense_row(dense, input_data + n * dense.depth, output_data + n * dense.channels);
    }
    return ARM_CMSIS_NN_SUCCESS;
}
