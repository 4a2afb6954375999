/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_clamp.h"
#include "tinyc_kernels.h"

void tinyc_quotients_s8(int32_t n, int32_t count, int32_t low, int32_t high, const int32_t *sums, int8_t *y)
{
    const int32_t half = count / 2;
    for (int32_t i = 0; i < n; ++i) {
        y[i] = tinyc_clamped_s8((sums[i] > 0 ? sums[i] + half : sums[i] - half) / count, low, high);
    }
}
