/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: the maximum over windows, made for its constants; see tinyc_kernels.h. */
#ifndef TINYC_MAX_BLOCKS_S8_H
#define TINYC_MAX_BLOCKS_S8_H

#include "tinyc_pool_blocks.h"

TINYC_ALWAYS_INLINE void tinyc_max_blocks_s8_inline(const tinyc_pool_blocks_params *p, const int8_t *x, int8_t *y)
{
    tinyc_pool_blocks(p, 0, 0, x, y);
}

#endif
