/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_depthwise_point_s8.h"

void tinyc_depthwise_point_s8(const tinyc_depthwise_point_params *params, const int8_t *x, const int32_t *taps,
                              const int32_t *filters, uint32_t *workspace, int8_t *y)
{
    tinyc_depthwise_point_s8_inline(params, x, taps, filters, workspace, y);
}
