/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_winograd_max_s8.h"

void tinyc_winograd_max_s8(const tinyc_winograd_max_params *params, const int8_t *x, const int32_t *w, uint32_t *workspace,
                   int8_t *y)
{
    tinyc_winograd_max_s8_inline(params, x, w, workspace, y);
}
