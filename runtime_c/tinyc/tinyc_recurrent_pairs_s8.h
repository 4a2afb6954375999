/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: tinyc_recurrent_pairs_s8, for a caller that knows the parameters when it is compiled. */
#ifndef TINYC_RECURRENT_PAIRS_S8_H
#define TINYC_RECURRENT_PAIRS_S8_H

#include "tinyc_pairs.h"
#include "tinyc_sequences.h"

TINYC_ALWAYS_INLINE void tinyc_take_pairs(const tinyc_recurrent_params *p, const tinyc_cell *cell, int32_t from,
                                          int32_t fours)
{
    uint32_t *column = cell->column + 2 * from;
    const int8_t *values = cell->bytes + 4 * from;
    for (int32_t i = 0; i < fours; ++i, values += 4) {
        uint32_t word;
        (void)memcpy(&word, values, sizeof word);
        column = tinyc_pairs_put_values(column, 2, word, p->wide);
    }
}

TINYC_ALWAYS_INLINE const int32_t *tinyc_through_pairs(const tinyc_recurrent_params *p, const tinyc_gates *gates,
                                                       const tinyc_cell *cell, const int32_t *w, int16_t *results)
{
    const uint32_t *const column = cell->column + 2 * gates->from;
    const int32_t words = tinyc_scale_words(p);
    for (int32_t row = 0; row < gates->rows; row += 2) {
        int32_t sums[4];
        int32_t scales[4];
        if (p->wide != 0) {
            w = tinyc_pairs_of_one(sums, column, w, gates->fours, 1);
        } else {
            w = tinyc_pairs_of_one(sums, column, w, gates->fours, 0);
        }
        for (int32_t i = 0; i < words; ++i) {
            w = tinyc_pairs_next(w, scales + 2 * i);
        }
        results[row] = tinyc_gate_result(p, gates, sums[0], scales);
        results[row + 1] = tinyc_gate_result(p, gates, sums[1], scales + words);
    }
    return w;
}

TINYC_ALWAYS_INLINE void tinyc_recurrent_pairs_s8_inline(const tinyc_recurrent_params *params, const int8_t *x,
                                                         const int32_t *w, const int16_t *curves,
                                                         const int32_t *lengths, const int8_t *h, const int8_t *c,
                                                         int32_t *workspace, int8_t *y, int8_t *y_c)
{
    tinyc_recurrent_s8(params, x, w, curves, lengths, h, c, workspace, y, y_c, 1, tinyc_take_pairs,
                       tinyc_through_pairs);
}

#endif
