/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "tinyc_kernels.h"

void tinyc_sigmoid_f32(int32_t count, const float *x, float *y)
{
    for (int32_t i = 0; i < count; ++i) {
        const float value = x[i];
        const float decay = expf(-fabsf(value)); /* at most 1: no overflow for large negative values */
        y[i] = (value < 0.0f ? decay : 1.0f) / (1.0f + decay);
    }
}
