/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: tinyc_conv_sum_s8, for a caller that knows the parameters when it is compiled. */
#ifndef TINYC_CONV_SUM_S8_H
#define TINYC_CONV_SUM_S8_H

#include "tinyc_conv_pairs.h"

TINYC_ALWAYS_INLINE void tinyc_conv_sum_s8_inline(const tinyc_conv_sum_params *params, const int8_t *x,
                                                  const int32_t *w, const int8_t *other, uint32_t *workspace,
                                                  int8_t *y)
{
    tinyc_conv_pairs(&params->conv, &params->sum, x, w, other, workspace, y, params->wide);
}

#endif
