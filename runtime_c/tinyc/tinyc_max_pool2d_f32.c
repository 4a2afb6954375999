/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_max_pool2d_f32.h"

void tinyc_max_pool2d_f32(const tinyc_pool2d_params *params, const float *x, float *y)
{
    tinyc_max_pool2d_f32_inline(params, x, y);
}
