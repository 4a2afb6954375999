/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_softmax_s8.h"

void tinyc_softmax_s8(int32_t rows, int32_t row, const int32_t *powers, const int8_t *x, int8_t *y)
{
    tinyc_softmax_s8_inline(rows, row, powers, x, y);
}
