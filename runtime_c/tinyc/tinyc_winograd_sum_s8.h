/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: tinyc_winograd_sum_s8, for a caller that knows the parameters when it is compiled. */
#ifndef TINYC_WINOGRAD_SUM_S8_H
#define TINYC_WINOGRAD_SUM_S8_H

#include "tinyc_winograd_s8.h"

TINYC_ALWAYS_INLINE void tinyc_winograd_sum_s8_inline(const tinyc_winograd_sum_params *params, const int8_t *x,
                                                      const int32_t *w, const int8_t *other, uint32_t *workspace,
                                                      int8_t *y)
{
    tinyc_winograd(&params->conv, &params->sum, x, w, other, workspace, y);
}

#endif
