/* SPDX-License-Identifier: Apache-2.0 */
#include "arm_nnfunctions.h"
#include "nn_target.h"

int32_t arm_avgpool_s8_get_buffer_size(const int dim_dst_width, const int ch_src)
{
    (void)dim_dst_width;
#if defined(ARM_MATH_DSP) && !defined(ARM_MATH_MVEI)
    return ch_src * (int32_t)sizeof(int32_t);
#else
    (void)ch_src;
    return 0;
#endif
}
