/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_recurrent_rows_s8.h"

void tinyc_recurrent_rows_s8(const tinyc_recurrent_params *params, const int8_t *x, const int32_t *w,
                             const int16_t *curves, const int32_t *lengths, const int8_t *h, const int8_t *c,
                             int32_t *workspace, int8_t *y, int8_t *y_c)
{
    tinyc_recurrent_rows_s8_inline(params, x, w, curves, lengths, h, c, workspace, y, y_c);
}
