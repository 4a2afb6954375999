/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: tinyc_conv_pairs_s8, for a caller that knows the parameters when it is compiled. */
#ifndef TINYC_CONV_PAIRS_S8_H
#define TINYC_CONV_PAIRS_S8_H

#include "tinyc_conv_pairs.h"

TINYC_ALWAYS_INLINE void tinyc_conv_pairs_s8_inline(const tinyc_conv_pairs_params *params, const int8_t *x,
                                                    const int32_t *w, uint32_t *workspace, int8_t *y)
{
    tinyc_conv_pairs(params, NULL, x, w, y, workspace, y, 0); /* no other */
}

#endif
