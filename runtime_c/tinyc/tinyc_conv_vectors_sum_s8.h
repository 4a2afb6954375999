/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: tinyc_conv_vectors_sum_s8, for a caller that knows the parameters when it is compiled. */
#ifndef TINYC_CONV_VECTORS_SUM_S8_H
#define TINYC_CONV_VECTORS_SUM_S8_H

#include "tinyc_conv_vectors_s8.h"

TINYC_ALWAYS_INLINE void tinyc_conv_vectors_sum_s8_inline(const tinyc_conv_vectors_sum_params *params, const int8_t *x,
                                                          const int32_t *w, const int8_t *other, int8_t *strip,
                                                          int8_t *y)
{
    tinyc_conv_vectors(&params->conv, &params->sum, x, w, other, strip, y);
}

#endif
