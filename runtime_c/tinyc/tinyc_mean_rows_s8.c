/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_mean_rows_s8.h"

void tinyc_mean_rows_s8(const tinyc_mean_rows_params *params, const int8_t *x, int8_t *y)
{
    tinyc_mean_rows_s8_inline(params, x, y);
}
