/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_div_s8.h"

void tinyc_div_s8(const tinyc_broadcast *shape, const tinyc_div_params *params, const int32_t *reciprocals,
                  const int8_t *a, const int8_t *b, int8_t *y)
{
    tinyc_div_s8_inline(shape, params, reciprocals, a, b, y);
}
