/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tinyc_kernels.h"

void tinyc_mean_f32(int32_t outer, int32_t count, int32_t inner, const float *x, float *y)
{
    const float factor = 1.0f / (float)count;
    for (int32_t o = 0; o < outer; ++o, y += inner) {
        (void)memcpy(y, x, (size_t)inner * sizeof *y);
        x += inner;
        for (int32_t k = 1; k < count; ++k, x += inner) {
            for (int32_t i = 0; i < inner; ++i) {
                y[i] += x[i];
            }
        }
        for (int32_t i = 0; i < inner; ++i) {
            y[i] *= factor;
        }
    }
}
