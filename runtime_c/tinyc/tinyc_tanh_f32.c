/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "tinyc_kernels.h"

void tinyc_tanh_f32(int32_t count, const float *x, float *y)
{
    for (int32_t i = 0; i < count; ++i) {
        y[i] = tanhf(x[i]);
    }
}
