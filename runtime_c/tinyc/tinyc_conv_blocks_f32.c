/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_conv_blocks_f32.h"

void tinyc_conv_blocks_f32(const tinyc_conv2d_params *params, const float *x, const float *w, float *y)
{
    tinyc_conv_blocks_f32_inline(params, x, w, y);
}
