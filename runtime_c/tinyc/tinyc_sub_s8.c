/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_sum.h"

void tinyc_sub_s8(const tinyc_broadcast *shape, const tinyc_sum_params *params, const int8_t *a, const int8_t *b,
                  int8_t *y)
{
    tinyc_sum_s8(shape, params, -1, a, b, y);
}
