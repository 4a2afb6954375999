/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_add_rows_s8.h"

void tinyc_add_rows_s8(const tinyc_add_rows_params *params, const int8_t *value, const int8_t *other, int8_t *y)
{
    tinyc_add_rows_s8_inline(params, value, other, y);
}
