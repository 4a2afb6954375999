/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: cells along sequences. A column of a step's x and h goes through the rows of gates, which a cell reads. */
#ifndef TINYC_SEQUENCES_H
#define TINYC_SEQUENCES_H

#include "tinyc_tflite_lstm.h"

/* Words that the scale of a row of gates takes: its multiplier, and of TensorFlow Lite's LSTM its shift. */
TINYC_ALWAYS_INLINE int32_t tinyc_scale_words(const tinyc_recurrent_params *p)
{
    return p->cell == TINYC_LSTM_TFLITE ? 2 : 1;
}

/* The int16 of a sum times 2^bits. */
TINYC_ALWAYS_INLINE int16_t tinyc_gate_result(const tinyc_recurrent_params *p, const tinyc_gates *gates, int32_t sum,
                                              const int32_t *scale)
{
    if (p->cell == TINYC_LSTM_TFLITE) {
        return (int16_t)tinyc_int16(tinyc_tflite_gate(sum >> gates->bits, scale[0], scale[1]));
    }
    const int32_t value = tinyc_high_product(sum, scale[0], 1 << (gates->right - 1)) >> gates->right;
    return (int16_t)tinyc_saturated_16(value);
}

/* What a kind of kernel does: takes over some words of bytes into the column, and makes the results of rows of gates. */
typedef void (*tinyc_take)(const tinyc_recurrent_params *p, const tinyc_cell *cell, int32_t from, int32_t fours);
typedef const int32_t *(*tinyc_through)(const tinyc_recurrent_params *p, const tinyc_gates *gates,
                                        const tinyc_cell *cell, const int32_t *w, int16_t *results);

/* Some bytes as words from number `from` on. */
TINYC_ALWAYS_INLINE void tinyc_cell_take(const tinyc_recurrent_params *p, const tinyc_cell *cell, const int8_t *values,
                                         int32_t count, int32_t from, int32_t fours, tinyc_take take)
{
    (void)memcpy(cell->bytes + 4 * from, values, (size_t)count);
    take(p, cell, from, fours);
}

TINYC_ALWAYS_INLINE void tinyc_cell_step(const tinyc_recurrent_params *p, const int32_t *w, const int16_t *curves,
                                         const tinyc_cell *cell, const int8_t *x, tinyc_take take,
                                         tinyc_through through)
{
    tinyc_cell_take(p, cell, x, p->inputs, 0, p->x_fours, take);
    tinyc_cell_take(p, cell, cell->h, p->size, p->x_fours, p->h_fours, take);
    w = through(p, &p->gates[0], cell, w, cell->gates);
    if (p->cell == TINYC_RNN) {
        tinyc_rnn_step(p, curves, cell);
    } else if (p->cell == TINYC_LSTM) {
        tinyc_lstm_step(p, curves, cell);
    } else if (p->cell == TINYC_LSTM_TFLITE) {
        int16_t *const of_h = cell->gates + 4 * p->size;
        (void)through(p, &p->gates[1], cell, w, of_h);
        tinyc_tflite_lstm_step(p, curves, cell, of_h);
    } else {
        int16_t *const last = cell->gates + (p->gates[0].rows + 3) / 4 * 4;
        int16_t *const products = last + (p->gates[1].rows + 3) / 4 * 4;
        if (p->variant == 0) {
            tinyc_gru_reset(p, curves, cell, cell->bytes + 4 * p->x_fours);
            take(p, cell, p->x_fours, p->h_fours);
        }
        w = through(p, &p->gates[1], cell, w, last);
        if (p->variant != 0) {
            (void)through(p, &p->gates[2], cell, w, products);
        }
        tinyc_gru_step(p, curves, cell, last, products);
    }
}

TINYC_ALWAYS_INLINE void tinyc_recurrent_s8(const tinyc_recurrent_params *p, const int8_t *x, const int32_t *w,
                                            const int16_t *curves, const int32_t *lengths, const int8_t *h,
                                            const int8_t *c, int32_t *workspace, int8_t *y, int8_t *y_c, int columns,
                                            tinyc_take take, tinyc_through through)
{
    const int32_t words = p->x_fours + p->h_fours;
    int32_t rows = 0;
#pragma GCC unroll 3
    for (int32_t i = 0; i < 3; ++i) {
        rows += (p->gates[i].rows + 3) / 4 * 4;
    }
    tinyc_cell cell;
    cell.bytes = (int8_t *)workspace;
    cell.column = (uint32_t *)(workspace + words);
    cell.gates = (int16_t *)(workspace + words * (columns != 0 ? 3 : 1));
    cell.state = cell.gates + rows;
    cell.h = (int8_t *)(cell.state + (p->size + 1) / 2 * 2);
    (void)memset(cell.bytes, 0, (size_t)(4 * words));
    for (int32_t sequence = 0; sequence < p->sequences; ++sequence) {
        const int32_t state = sequence * p->size;
        int32_t length = lengths[sequence];
        length = length < 0 ? 0 : length > p->steps ? p->steps : length;
        tinyc_cell_start(p, &cell, h + state, c + state);
        for (int32_t step = 0; step < p->steps; ++step) {
            const int32_t at = (p->reverse != 0 && step < length ? length - 1 - step : step) * p->sequences + sequence;
            if (step < length) {
                tinyc_cell_step(p, w, curves, &cell, x + at * p->inputs, take, through);
                (void)memcpy(y + at * p->size, cell.h, (size_t)p->size);
            } else {
                (void)memset(y + at * p->size, p->zero_point, (size_t)p->size);
            }
        }
        tinyc_cell_end(p, &cell, y + (p->steps * p->sequences + sequence) * p->size, y_c + state);
    }
}

#endif
