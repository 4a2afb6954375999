/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: a step of TensorFlow Lite Micro's LSTM. Gates have 12 fraction bits, what functions make of them 15. */
#ifndef TINYC_TFLITE_LSTM_H
#define TINYC_TFLITE_LSTM_H

#include "tinyc_cells.h"

#define TINYC_HALF_SIGMOIDS 256 /* entries of the table: 65536 * sigmoid(i / 24) - 32768 */

TINYC_ALWAYS_INLINE int32_t tinyc_int16(int32_t value)
{
    value = value > 32767 ? 32767 : value;
    return value < -32768 ? -32768 : value;
}

/* tinyc_requantized with TensorFlow Lite's rounding of a sum that, shifted to the left, is below 2^30. */
TINYC_ALWAYS_INLINE int32_t tinyc_tflite_gate(int32_t sum, int32_t multiplier, int32_t shift)
{
    if (shift >= 0) {
        return (int32_t)(((int64_t)(sum * (1 << shift)) * multiplier + (1 << 30)) >> 31);
    }
    const int32_t high = (int32_t)(((int64_t)sum * multiplier + (1 << 30)) >> 31);
    return (high + (1 << (-shift - 1)) + (high >> 31)) >> -shift;
}

/* 2^bits times the entry at |scaled| / 2^bits, straight between entries; the largest number behind the last. */
TINYC_ALWAYS_INLINE int32_t tinyc_between(const int16_t *table, int32_t scaled, int32_t bits)
{
    const int32_t magnitude = scaled < 0 ? -scaled : scaled;
    const int32_t place = magnitude >> bits;
    if (place >= TINYC_HALF_SIGMOIDS - 1) {
        return 32767 * (1 << bits);
    }
    const int32_t low = table[place];
    return low * (1 << bits) + (magnitude & ((1 << bits) - 1)) * (table[place + 1] - low);
}

TINYC_ALWAYS_INLINE int32_t tinyc_tflite_sigmoid(const int16_t *table, int32_t gate)
{
    const int32_t half = (tinyc_between(table, 3 * gate, 9) + (1 << 9)) >> 10;
    return 16384 + (gate >= 0 ? half : -half);
}

/* Of three times a number with 12 fraction bits. */
TINYC_ALWAYS_INLINE int32_t tinyc_tflite_tanh(const int16_t *table, int32_t scaled)
{
    const int32_t half = (tinyc_between(table, scaled, 8) + (1 << 7)) >> 8;
    return scaled >= 0 ? half : -half;
}

/* product / 2^(1 + right), rounded twice: to half of it, ties up, then to nearest, ties away from zero; right at least 1. */
TINYC_ALWAYS_INLINE int32_t tinyc_halved(int32_t product, int32_t right)
{
    const int32_t half = (product + 1) >> 1;
    return (half + (1 << (right - 1)) - (half < 0 ? 1 : 0)) >> right;
}

/* c is kept and let in with int16 factors, so that all products fit; `of_h` has what h adds to the gates. */
TINYC_ALWAYS_INLINE void tinyc_tflite_lstm_step(const tinyc_recurrent_params *p, const int16_t *table,
                                                const tinyc_cell *cell, const int16_t *of_h)
{
    const int32_t n = p->size;
    for (int32_t k = 0; k < n; ++k) {
        const int16_t *const x = cell->gates + k;
        const int16_t *const h = of_h + k;
        const int32_t in = tinyc_tflite_sigmoid(table, tinyc_int16(x[0] + h[0]));
        const int32_t out = tinyc_tflite_sigmoid(table, tinyc_int16(x[n] + h[n]));
        const int32_t forget = tinyc_tflite_sigmoid(table, tinyc_int16(x[2 * n] + h[2 * n]));
        const int32_t fresh = tinyc_tflite_tanh(table, 3 * tinyc_int16(x[3 * n] + h[3 * n]));
        const int32_t kept = tinyc_int16(tinyc_halved(forget * cell->state[k], p->cell_right));
        const int32_t added = tinyc_int16(tinyc_halved(in * fresh, p->in_right));
        const int32_t c = tinyc_clip(tinyc_int16(kept + added), p->cell_clip);
        cell->state[k] = (int16_t)c;
        const int32_t read = p->narrower > 0 ? tinyc_rounded(3 * c, p->narrower) : 3 * c * (1 << -p->narrower);
        const int32_t product = out * tinyc_tflite_tanh(table, read);
        const int32_t value = tinyc_requantized(product, p->result.multiplier, -p->result.right);
        cell->h[k] = tinyc_stored(value + p->result.offset);
    }
}

#endif
