/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_conv_vectors_sum_s8.h"

void tinyc_conv_vectors_sum_s8(const tinyc_conv_vectors_sum_params *params, const int8_t *x, const int32_t *w,
                               const int8_t *other, int8_t *strip, int8_t *y)
{
    tinyc_conv_vectors_sum_s8_inline(params, x, w, other, strip, y);
}
