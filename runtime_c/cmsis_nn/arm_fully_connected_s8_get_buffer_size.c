/* SPDX-License-Identifier: Apache-2.0 */
#include "arm_nnfunctions.h"
#include "nn_target.h"

int32_t arm_fully_connected_s8_get_buffer_size(const cmsis_nn_dims *filter_dims)
{
#if defined(ARM_MATH_MVEI)
    return filter_dims->c * (int32_t)sizeof(int32_t);
#else
    (void)filter_dims;
    return 0;
#endif
}
