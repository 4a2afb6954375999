/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_kernels.h"
#include "tinyc_rows.h"

void tinyc_transpose_f32(const tinyc_transpose_params *params, const float *x, float *y)
{
    const int32_t columns = params->size[TINYC_LAST_AXIS];
    const int32_t step = params->stride[TINYC_LAST_AXIS];
    tinyc_row row = {{0}};
    do {
        const float *const from = x + tinyc_row_start(&row, params->stride);
        for (int32_t i = 0; i < columns; ++i) {
            *y++ = from[i * step];
        }
    } while (tinyc_next_row(&row, params->size));
}
