/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: recurrent cells on the int16 results of their gates, in fixed point. */
#ifndef TINYC_CELLS_H
#define TINYC_CELLS_H

#include <string.h>

#include "tinyc_stage.h"

#define TINYC_STATE_BITS 7 /* by which a state is finer than h */
#define TINYC_ONE 32768

/* Where the parts of the workspace are. */
typedef struct {
    int8_t *bytes; /* x and h of a step, each made up to whole words */
    uint32_t *column;
    int16_t *gates;
    int16_t *state; /* of an LSTM c */
    int8_t *h;
} tinyc_cell;

TINYC_ALWAYS_INLINE int32_t tinyc_clip(int32_t value, int32_t most)
{
    value = value > most ? most : value;
    return value < -most ? -most : value;
}

TINYC_ALWAYS_INLINE int32_t tinyc_saturated_16(int32_t value)
{
    return tinyc_clip(value, 32767);
}

TINYC_ALWAYS_INLINE int8_t tinyc_stored(int32_t value)
{
    value = value > 127 ? 127 : value;
    return (int8_t)(value < -128 ? -128 : value);
}

/* Whether it has a c. */
TINYC_ALWAYS_INLINE int tinyc_is_lstm(const tinyc_recurrent_params *p)
{
    return p->cell == TINYC_LSTM || p->cell == TINYC_LSTM_TFLITE;
}

/* value / 2^right to nearest, ties up; right at least 0. */
TINYC_ALWAYS_INLINE int32_t tinyc_rounded(int32_t value, int32_t right)
{
    return (value + ((1 << right) >> 1)) >> right;
}

TINYC_ALWAYS_INLINE int32_t tinyc_scaled(const tinyc_scaling *by, int32_t value)
{
    const int32_t add = by->offset * (1 << by->right) + (1 << (by->right - 1));
    return tinyc_high_product(value, by->multiplier, add) >> by->right;
}

/* Between the two points around a value of 16 bits. */
TINYC_ALWAYS_INLINE int32_t tinyc_on_curve(const int16_t *curve, int32_t value)
{
    const uint32_t place = (uint32_t)(value + TINYC_ONE);
    const int16_t *const at = curve + (place >> 8);
    return at[0] + (((at[1] - at[0]) * (int32_t)(place & 255u) + 128) >> 8);
}

/* Function `index` of what goes into a gate. */
TINYC_ALWAYS_INLINE int32_t tinyc_gate(const tinyc_recurrent_params *p, const int16_t *curves, int32_t index,
                                       int32_t value)
{
    return tinyc_on_curve(curves + p->curves[index], tinyc_clip(value, p->clips[index]));
}

/* int8 of a GRU's state. */
TINYC_ALWAYS_INLINE int8_t tinyc_stored_state(const tinyc_recurrent_params *p, int32_t state)
{
    return tinyc_stored(tinyc_rounded(state, TINYC_STATE_BITS) + p->zero_point);
}

TINYC_ALWAYS_INLINE void tinyc_rnn_step(const tinyc_recurrent_params *p, const int16_t *curves, const tinyc_cell *cell)
{
    for (int32_t k = 0; k < p->size; ++k) {
        const int32_t value = tinyc_gate(p, curves, 0, cell->gates[k]);
        cell->h[k] = tinyc_stored(tinyc_scaled(&p->result, value * TINYC_ONE));
    }
}

/* What the last gate of a GRU reads of h, where that is reset before the product. The first gates become their values. */
TINYC_ALWAYS_INLINE void tinyc_gru_reset(const tinyc_recurrent_params *p, const int16_t *curves, const tinyc_cell *cell,
                                         int8_t *h)
{
    for (int32_t k = 0; k < p->size; ++k) {
        const int32_t reset = tinyc_gate(p, curves, 0, cell->gates[p->size + k]);
        h[k] = tinyc_stored(tinyc_rounded(reset * cell->state[k], p->reset_right) + p->zero_point);
    }
}

/* `last` has the last gates; where h is reset behind the product, without it, and `products` the products. */
TINYC_ALWAYS_INLINE void tinyc_gru_step(const tinyc_recurrent_params *p, const int16_t *curves, const tinyc_cell *cell,
                                        const int16_t *last, const int16_t *products)
{
    for (int32_t k = 0; k < p->size; ++k) {
        const int32_t z = tinyc_gate(p, curves, 0, cell->gates[k]);
        int32_t gate = last[k];
        if (p->variant != 0) {
            const int32_t reset = tinyc_gate(p, curves, 0, cell->gates[p->size + k]);
            gate = tinyc_saturated_16(2 * gate + tinyc_rounded(reset * products[k], p->reset_right));
        }
        const int32_t value = tinyc_gate(p, curves, 1, gate);
        const int32_t fresh = tinyc_saturated_16(tinyc_scaled(&p->result, value * TINYC_ONE));
        const int32_t state = tinyc_rounded(z * cell->state[k] + (TINYC_ONE - z) * fresh, 15);
        cell->state[k] = (int16_t)state;
        cell->h[k] = tinyc_stored_state(p, state);
    }
}

/* What a gate gets of c, for gate number `which` of those that have peepholes. */
TINYC_ALWAYS_INLINE int32_t tinyc_peep(const tinyc_recurrent_params *p, const int16_t *curves, int32_t which, int32_t k,
                                       int32_t gate, int32_t c)
{
    if (p->peepholes < 0) {
        return gate;
    }
    const int32_t weight = curves[p->peepholes + which * p->size + k];
    return tinyc_saturated_16(gate + tinyc_rounded(c * weight, p->peephole_rights[which]));
}

TINYC_ALWAYS_INLINE void tinyc_lstm_step(const tinyc_recurrent_params *p, const int16_t *curves, const tinyc_cell *cell)
{
    const int32_t n = p->size;
    for (int32_t k = 0; k < n; ++k) {
        const int16_t *const gates = cell->gates + k;
        int32_t c = cell->state[k];
        const int32_t in = tinyc_gate(p, curves, 0, tinyc_peep(p, curves, 0, k, gates[0], c));
        int32_t forget;
        if (p->variant != 0) {
            forget = (1 << p->cell_right) - in;
            forget = forget > 32767 ? 32767 : forget;
        } else {
            forget = tinyc_gate(p, curves, 0, tinyc_peep(p, curves, 2, k, gates[2 * n], c));
        }
        const int32_t added = in * tinyc_gate(p, curves, 1, gates[3 * n]) >> p->in_right;
        c = tinyc_clip(tinyc_rounded(forget * c + added, p->cell_right), p->cell_clip);
        cell->state[k] = (int16_t)c;
        const int32_t out = tinyc_gate(p, curves, 0, tinyc_peep(p, curves, 1, k, gates[n], c));
        if (p->narrower >= 0) {
            c = tinyc_rounded(c, p->narrower);
        } else {
            c = tinyc_saturated_16(c * (1 << -p->narrower));
        }
        cell->h[k] = tinyc_stored(tinyc_scaled(&p->result, out * tinyc_on_curve(curves + p->curves[2], c)));
    }
}

/* The states before the first step. */
TINYC_ALWAYS_INLINE void tinyc_cell_start(const tinyc_recurrent_params *p, const tinyc_cell *cell, const int8_t *h,
                                          const int8_t *c)
{
    const int32_t finest = 1 << 22; /* which a difference of int8 values, times this, does not overflow */
    for (int32_t k = 0; k < p->size; ++k) {
        const int32_t state = tinyc_saturated_16(tinyc_scaled(&p->first, (h[k] - p->first_zero) * finest));
        cell->h[k] = tinyc_stored_state(p, state);
        cell->state[k] = (int16_t)state;
        if (tinyc_is_lstm(p)) {
            const int32_t first = tinyc_scaled(&p->first_c, (c[k] - p->first_c_zero) * finest);
            cell->state[k] = (int16_t)tinyc_saturated_16(first);
        }
    }
}

/* The last states. */
TINYC_ALWAYS_INLINE void tinyc_cell_end(const tinyc_recurrent_params *p, const tinyc_cell *cell, int8_t *y, int8_t *y_c)
{
    (void)memcpy(y, cell->h, (size_t)p->size);
    for (int32_t k = 0; tinyc_is_lstm(p) && k < p->size; ++k) {
        y_c[k] = tinyc_stored(tinyc_scaled(&p->last_c, cell->state[k] * TINYC_ONE));
    }
}

#endif
