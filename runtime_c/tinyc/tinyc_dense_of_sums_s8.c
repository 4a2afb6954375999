/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_clamp.h"
#include "tinyc_kernels.h"
#include "tinyc_requantize.h"

void tinyc_dense_of_sums_s8(int32_t n, const tinyc_dense_params *params, const int32_t *bias,
                            const int32_t *multiplier, const int32_t *shift, const int32_t *sums, int8_t *y)
{
    const tinyc_dense_params p = *params;
    for (int32_t i = 0; i < n; ++i) {
        const int32_t scaled = tinyc_requantized(sums[i] + bias[i], multiplier[i], shift[i]);
        y[i] = tinyc_clamped_s8(scaled + p.y_offset, p.low, p.high);
    }
}
