/* SPDX-License-Identifier: Apache-2.0 */
#include "arm_nnfunctions.h"
#include "nn_buffer_size.h"

int32_t arm_depthwise_conv_wrapper_s8_get_buffer_size_mve(const cmsis_nn_dw_conv_params *dw_conv_params,
                                                          const cmsis_nn_dims *input_dims,
                                                          const cmsis_nn_dims *filter_dims,
                                                          const cmsis_nn_dims *output_dims)
{
    return nn_depthwise_size_mve(dw_conv_params, input_dims, filter_dims, output_dims);
}
