/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "tinyc_kernels.h"

void tinyc_log_softmax_f32(int32_t rows, int32_t row, const float *x, float *y)
{
    for (int32_t r = 0; r < rows; ++r, x += row, y += row) {
        float largest = x[0];
        for (int32_t i = 1; i < row; ++i) {
            largest = x[i] > largest ? x[i] : largest;
        }
        float sum = 0.0f;
        for (int32_t i = 0; i < row; ++i) {
            sum += expf(x[i] - largest);
        }
        const float logarithm = logf(sum);
        for (int32_t i = 0; i < row; ++i) {
            y[i] = x[i] - largest - logarithm;
        }
    }
}
