/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: tinyc_recurrent_rows_s8, for a caller that knows the parameters when it is compiled. */
#ifndef TINYC_RECURRENT_ROWS_S8_H
#define TINYC_RECURRENT_ROWS_S8_H

#include "tinyc_dot_rows.h"
#include "tinyc_sequences.h"

/* The column is the bytes. */
TINYC_ALWAYS_INLINE void tinyc_take_rows(const tinyc_recurrent_params *p, const tinyc_cell *cell, int32_t from,
                                         int32_t fours)
{
    (void)p;
    (void)cell;
    (void)from;
    (void)fours;
}

TINYC_ALWAYS_INLINE const int32_t *tinyc_through_rows(const tinyc_recurrent_params *p, const tinyc_gates *gates,
                                                      const tinyc_cell *cell, const int32_t *w, int16_t *results)
{
    const int8_t *const values = cell->bytes + 4 * gates->from;
    const int32_t words = tinyc_scale_words(p);
    for (int32_t row = 0; row < gates->rows; row += 4) {
        int32_t sums[4] = {w[0], w[1], w[2], w[3]};
        const int32_t *const scales = w + 4;
        w = scales + 4 * words;
        (void)tinyc_dot_four_rows(4 * gates->fours, 4 * gates->fours, values, (const int8_t *)w, sums);
        for (int32_t i = 0; i < 4; ++i) {
            results[row + i] = tinyc_gate_result(p, gates, sums[i] * (1 << gates->bits), scales + words * i);
        }
        w += 4 * gates->fours;
    }
    return w;
}

TINYC_ALWAYS_INLINE void tinyc_recurrent_rows_s8_inline(const tinyc_recurrent_params *params, const int8_t *x,
                                                        const int32_t *w, const int16_t *curves, const int32_t *lengths,
                                                        const int8_t *h, const int8_t *c, int32_t *workspace, int8_t *y,
                                                        int8_t *y_c)
{
    tinyc_recurrent_s8(params, x, w, curves, lengths, h, c, workspace, y, y_c, 0, tinyc_take_rows, tinyc_through_rows);
}

#endif
