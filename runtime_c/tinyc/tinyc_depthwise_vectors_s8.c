/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_depthwise_vectors_s8.h"

void tinyc_depthwise_vectors_s8(const tinyc_depthwise_vectors_params *params, const int8_t *x, const int32_t *w,
                                int8_t *strip, int8_t *y)
{
    tinyc_depthwise_vectors_s8_inline(params, x, w, strip, y);
}
