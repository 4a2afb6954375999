/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: the average over windows, made for its constants; see tinyc_kernels.h. */
#ifndef TINYC_AVERAGE_BLOCKS_S8_H
#define TINYC_AVERAGE_BLOCKS_S8_H

#include "tinyc_pool_blocks.h"

TINYC_ALWAYS_INLINE void tinyc_average_blocks_s8_inline(const tinyc_pool_blocks_params *p, const int32_t *quotients,
                                                        const int8_t *x, int8_t *y)
{
    tinyc_pool_blocks(p, quotients, 1, x, y);
}

#endif
