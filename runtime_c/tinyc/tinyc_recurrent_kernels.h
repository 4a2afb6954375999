/* SPDX-License-Identifier: Apache-2.0 */
/* Part of tinyc_kernels.h: recurrent cells in int8. tinyc/ops/_cells.py says what they compute. */
#ifndef TINYC_RECURRENT_KERNELS_H
#define TINYC_RECURRENT_KERNELS_H

#include <stdint.h>

enum { TINYC_RNN, TINYC_GRU, TINYC_LSTM };

/* y = (high word of x * multiplier + offset * 2^right + 2^(right - 1)) >> right; right in [1, 21], |offset| <= 128. */
typedef struct {
    int32_t multiplier, right, offset;
} tinyc_scaling;

/* Rows of weights over `fours` times four values of a column from number `from` on. Sums, times 2^bits, times the row's
 * multiplier, lose 32 + right bits; bits in [0, 8], right in [1, 30]. */
typedef struct {
    int32_t rows, from, fours, bits, right;
} tinyc_gates;

typedef struct {
    int32_t cell;
    int32_t steps, sequences, inputs, size;
    int32_t reverse; /* whether sequences run from their last step to their first */
    int32_t variant; /* LSTM: forget what is not let in; GRU: reset after the product */
    int32_t wide;    /* pairs: weights are int16 */
    int32_t x_fours, h_fours;
    tinyc_gates gates[3];
    int32_t zero_point;          /* of h */
    int32_t clips[2];            /* of what goes into the first function, and into the second */
    int32_t curves[3];           /* where each function's curve starts */
    int32_t peepholes;           /* where the peepholes start, behind the curves; -1: there are none */
    int32_t peephole_rights[3];  /* by which c * weight is shifted, for the gates i, o and f */
    int32_t reset_right;         /* GRU */
    int32_t in_right;            /* LSTM: by which what is let in is shifted */
    int32_t cell_right;          /* and c after that */
    int32_t narrower;            /* and c for the last function; to the left if negative */
    int32_t first_zero, first_c_zero;
    tinyc_scaling first, first_c, last_c, result;
} tinyc_recurrent_params;

/* h after each step and behind it the last h: y [steps + 1, sequences, size]; of an LSTM the last c: y_c [1, sequences,
 * size]; for others c and y_c are not read or written. x [steps, sequences, inputs], h and c [1, sequences, size], the
 * lengths of the sequences. `curves` has 257 points for each function. The workspace has room for a column of
 * 4 * (x_fours + h_fours) bytes, for pairs as many int16 besides, and then for int16 results of all rows of gates, made
 * up to a multiple of four rows, for 2 * size bytes and for size bytes, each made up to a multiple of four. */

/* For the DSP extension. Weights as tinyc_pairs.h has them, for each pair of rows, and one multiplier for each row. */
void tinyc_recurrent_pairs_s8(const tinyc_recurrent_params *params, const int8_t *x, const int32_t *w,
                              const int16_t *curves, const int32_t *lengths, const int8_t *h, const int8_t *c,
                              int32_t *workspace, int8_t *y, int8_t *y_c);

/* For all cores. Weights: for every four rows four sums to start from, four multipliers, four rows of bytes. */
void tinyc_recurrent_rows_s8(const tinyc_recurrent_params *params, const int8_t *x, const int32_t *w,
                             const int16_t *curves, const int32_t *lengths, const int8_t *h, const int8_t *c,
                             int32_t *workspace, int8_t *y, int8_t *y_c);

#endif
