/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_average_blocks_s8.h"

void tinyc_average_blocks_s8(const tinyc_pool_blocks_params *params, const int32_t *quotients, const int8_t *x,
                             int8_t *y)
{
    tinyc_average_blocks_s8_inline(params, quotients, x, y);
}
