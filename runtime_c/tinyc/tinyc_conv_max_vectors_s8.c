/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_conv_max_vectors_s8.h"

void tinyc_conv_max_vectors_s8(const tinyc_conv_max_vectors_params *params, const int8_t *x, const int32_t *w,
                               int8_t *strips, int8_t *y)
{
    tinyc_conv_max_vectors_s8_inline(params, x, w, strips, y);
}
