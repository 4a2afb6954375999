/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "tinyc_kernels.h"

void tinyc_normalize_f32(int32_t rows, int32_t n, float epsilon, int32_t centred, const float *x, const float *scale,
                         const float *offset, float *y)
{
    for (int32_t row = 0; row < rows; ++row, x += n, y += n) {
        float mean = 0.0f;
        if (centred != 0) {
            for (int32_t i = 0; i < n; ++i) {
                mean += x[i];
            }
            mean /= (float)n;
        }
        float variance = 0.0f;
        for (int32_t i = 0; i < n; ++i) {
            variance += (x[i] - mean) * (x[i] - mean);
        }
        const float factor = 1.0f / sqrtf(variance / (float)n + epsilon);
        for (int32_t i = 0; i < n; ++i) {
            y[i] = (x[i] - mean) * factor * scale[i] + offset[i];
        }
    }
}
