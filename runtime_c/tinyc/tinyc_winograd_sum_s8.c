/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_winograd_sum_s8.h"

void tinyc_winograd_sum_s8(const tinyc_winograd_sum_params *params, const int8_t *x, const int32_t *w, const int8_t *other,
                           uint32_t *workspace, int8_t *y)
{
    tinyc_winograd_sum_s8_inline(params, x, w, other, workspace, y);
}
