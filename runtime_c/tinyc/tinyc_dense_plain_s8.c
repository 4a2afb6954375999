/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_dense_plain_s8.h"

void tinyc_dense_plain_s8(const tinyc_dense_plain_params *params, const int8_t *x, const int32_t *w, int8_t *y)
{
    tinyc_dense_plain_s8_inline(params, x, w, y);
}
