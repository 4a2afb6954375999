/* SPDX-License-Identifier: Apache-2.0 */
/* Part of tinyc_kernels.h, by which it is included: what networks for sequences use. */
#ifndef TINYC_SEQUENCE_KERNELS_H
#define TINYC_SEQUENCE_KERNELS_H

#include "tinyc_kernels.h"

/* Rows of n elements, n at most 2^16. An element less its row's mean, or less zero_point, over the root of the mean of the
 * squares of these becomes a number with `bits` fraction bits. Under the root are n^2 times the mean and as much of what
 * is added to it, epsilon_high * 2^31 + epsilon_low, with 2 * finer fraction bits; the latter in [1, 2^61]. */
typedef struct {
    int32_t rows, n;
    int32_t finer, bits, right; /* right in [1, 21] */
    int32_t centred, zero_point;
    int32_t epsilon_high, epsilon_low;
} tinyc_normalize_params;

/* y = (x - mean) / sqrt(variance + epsilon) * scale[i] + offset[i] for element i of each row of n; the mean is 0 unless
 * `centred`. y may be x. */
void tinyc_normalize_f32(int32_t rows, int32_t n, float epsilon, int32_t centred, const float *x, const float *scale,
                         const float *offset, float *y);

/* The same. `scales` has two words for each element of a row: a result is (the high word of number * first + second)
 * >> right, saturated. y may be x. */
void tinyc_normalize_s8(const tinyc_normalize_params *params, const int8_t *x, const int32_t *scales, int8_t *y);

/* Rows of n elements, n at most 2^15, over their lengths, in 1/128, with TensorFlow Lite's rounding. y may be x. */
void tinyc_unit_rows_s8(int32_t rows, int32_t n, int32_t zero_point, const int8_t *x, int8_t *y);

/* The logarithm of the softmax of each of `rows` rows of `row` elements. y may be x. */
void tinyc_log_softmax_f32(int32_t rows, int32_t row, const float *x, float *y);

/* The same in sixteenths up to 127; row at most 4095. `differences` has two words for each difference to the largest
 * element, from 0 to 255: its power with 19 fraction bits, and it itself, negative, with 26. Differences from which
 * results leave the fixed point follow from the sum of powers, by multiplier and shift (not above 0); -least at most. */
void tinyc_log_softmax_s8(int32_t rows, int32_t row, int32_t multiplier, int32_t shift, int32_t least,
                          const int32_t *differences, const int8_t *x, int8_t *y);

/* As tinyc_matmul_s8, by products of pairs for the DSP extension. The workspace has room for 4 words, and 8
 * for each four, begun ones too, of the depth. */
typedef struct {
    int32_t batches, rows, depth, columns;
    int32_t b_step;
    int32_t a_offset, b_offset;
    int32_t scale[2];
    tinyc_stage stage;
} tinyc_matmul_pairs_params;

void tinyc_matmul_pairs_s8(const tinyc_matmul_pairs_params *params, const int8_t *a, const int8_t *b,
                           uint32_t *workspace, int8_t *y);

/* Recurrent cells: tinyc/ops/_cells.py says what they compute, _tflite_cells.py what TensorFlow Lite's LSTM does. */
enum { TINYC_RNN, TINYC_GRU, TINYC_LSTM, TINYC_LSTM_TFLITE };

/* y = (high word of x * multiplier + offset * 2^right + 2^(right - 1)) >> right; right in [1, 21], |offset| <= 128. */
typedef struct {
    int32_t multiplier, right, offset;
} tinyc_scaling;

/* Rows of weights over `fours` times four values of a column from number `from` on. Sums, times 2^bits, times the row's
 * multiplier, lose 32 + right bits; bits in [0, 8], right in [1, 30]. TensorFlow Lite's LSTM scales sums by a multiplier
 * and a shift of the row instead, to the left of less than 2^30, and adds the results of rows of x and of rows of h. */
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
    int32_t cell_clip;           /* of c; more than 32767: none */
    int32_t narrower;            /* and c for the last function; to the left if negative */
    int32_t first_zero, first_c_zero;
    tinyc_scaling first, first_c, last_c, result;
} tinyc_recurrent_params;

/* h after each step and behind it the last h: y [steps + 1, sequences, size]; of an LSTM the last c: y_c [1, sequences,
 * size]; for others c and y_c are not read or written. x [steps, sequences, inputs], h and c [1, sequences, size], the
 * lengths of the sequences. `curves` has 257 points for each function, of TensorFlow Lite's LSTM 256 for all. The workspace has room for a column of
 * 4 * (x_fours + h_fours) bytes, for pairs as many int16 besides, and then for int16 results of all rows of gates, made
 * up to a multiple of four rows, for 2 * size bytes and for size bytes, each made up to a multiple of four. */

/* For the DSP extension. Weights as tinyc_pairs.h has them, for each pair of rows, and the scale of each row. */
void tinyc_recurrent_pairs_s8(const tinyc_recurrent_params *params, const int8_t *x, const int32_t *w,
                              const int16_t *curves, const int32_t *lengths, const int8_t *h, const int8_t *c,
                              int32_t *workspace, int8_t *y, int8_t *y_c);

/* For all cores. Weights: for every four rows four sums to start from, four scales, four rows of bytes. */
void tinyc_recurrent_rows_s8(const tinyc_recurrent_params *params, const int8_t *x, const int32_t *w,
                             const int16_t *curves, const int32_t *lengths, const int8_t *h, const int8_t *c,
                             int32_t *workspace, int8_t *y, int8_t *y_c);

#endif
