/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_depthwise_planes_s8.h"

void tinyc_depthwise_planes_s8(const tinyc_depthwise_planes_params *params, const int8_t *x, const int32_t *w,
                               uint32_t *planes, int8_t *y)
{
    tinyc_depthwise_planes_s8_inline(params, x, w, planes, y);
}
