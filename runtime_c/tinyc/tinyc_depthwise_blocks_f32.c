/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_depthwise_blocks_f32.h"

void tinyc_depthwise_blocks_f32(const tinyc_conv2d_params *params, const float *x, const float *w, const float *b,
                                float *y)
{
    tinyc_depthwise_blocks_f32_inline(params, x, w, b, y);
}
