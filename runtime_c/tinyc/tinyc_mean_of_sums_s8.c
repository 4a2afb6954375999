/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_clamp.h"
#include "tinyc_kernels.h"
#include "tinyc_requantize.h"

void tinyc_mean_of_sums_s8(int32_t n, int32_t count, const tinyc_mean_params *params, const int32_t *sums, int8_t *y)
{
    const tinyc_mean_params p = *params;
    for (int32_t i = 0; i < n; ++i) {
        const int32_t scaled = tinyc_requantized(sums[i] + count * p.x_offset, p.y_multiplier, p.y_shift);
        y[i] = tinyc_clamped_s8(scaled + p.y_offset, INT8_MIN, INT8_MAX);
    }
}
