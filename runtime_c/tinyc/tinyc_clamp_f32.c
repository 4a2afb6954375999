/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_clamp.h"
#include "tinyc_kernels.h"

void tinyc_clamp_f32(int32_t count, float low, float high, const float *x, float *y)
{
    for (int32_t i = 0; i < count; ++i) {
        y[i] = tinyc_clamped_f32(x[i], low, high);
    }
}
