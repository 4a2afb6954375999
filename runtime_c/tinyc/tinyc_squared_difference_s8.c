/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_squared_difference_s8.h"

void tinyc_squared_difference_s8(const tinyc_broadcast *shape, const tinyc_sum_params *params, const int8_t *a,
                                 const int8_t *b, int8_t *y)
{
    tinyc_squared_difference_s8_inline(shape, params, a, b, y);
}
