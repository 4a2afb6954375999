/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_conv_depthwise_point_s8.h"

void tinyc_conv_depthwise_point_s8(const tinyc_conv_depthwise_point_params *params, const int8_t *x, const int32_t *w,
                                   const int32_t *taps, const int32_t *filters, uint32_t *workspace, int8_t *y)
{
    tinyc_conv_depthwise_point_s8_inline(params, x, w, taps, filters, workspace, y);
}
