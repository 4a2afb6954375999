/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_mul_rows_s8.h"

void tinyc_mul_rows_s8(const tinyc_mul_rows_params *params, const int8_t *a, const int8_t *b, int8_t *y)
{
    tinyc_mul_rows_s8_inline(params, a, b, y);
}
