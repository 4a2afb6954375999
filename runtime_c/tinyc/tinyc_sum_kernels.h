/* SPDX-License-Identifier: Apache-2.0 */
/* Part of tinyc_kernels.h, by which it is included: sums, by themselves and right behind convolutions. */
#ifndef TINYC_SUM_KERNELS_H
#define TINYC_SUM_KERNELS_H

#include "tinyc_kernels.h"

/* y = (value * value_factor + other * other_factor + start) / 2^right, rounded down, clamped to the int8 values low and
 * high; right in [1, 31], and no such sum, nor one that is 2^right less, leaves int32. */
typedef struct {
    int32_t value_factor, other_factor, start;
    int32_t right, low, high;
} tinyc_sum_stage;

/* Sums of `rows` rows of `row` int8. An operand moves on by its step from row to row: `row`, or 0 if it is the same for
 * all. The result may take the place of an operand of its size. */
typedef struct {
    int32_t rows, row;
    int32_t value_step, other_step;
    tinyc_sum_stage sum;
} tinyc_add_rows_params;

void tinyc_add_rows_s8(const tinyc_add_rows_params *params, const int8_t *value, const int8_t *other, int8_t *y);

/* In the epilogue of a convolution, whose results are never stored: they are the values. */
typedef struct {
    tinyc_conv_pairs_params conv;
    tinyc_sum_stage sum;
    int32_t wide;
} tinyc_conv_sum_params;

/* tinyc_conv_pairs_s8, or if `wide` tinyc_conv_pairs_wide_s8, and the sum with `other`, of the size of the result. This may
 * take the place of x or of `other`, or follow behind them. */
void tinyc_conv_sum_s8(const tinyc_conv_sum_params *params, const int8_t *x, const int32_t *w, const int8_t *other,
                       uint32_t *workspace, int8_t *y);

typedef struct {
    tinyc_winograd_params conv;
    tinyc_sum_stage sum;
} tinyc_winograd_sum_params;

/* The same with tinyc_winograd_s8. */
void tinyc_winograd_sum_s8(const tinyc_winograd_sum_params *params, const int8_t *x, const int32_t *w,
                           const int8_t *other, uint32_t *workspace, int8_t *y);

typedef struct {
    tinyc_conv_vectors_params conv;
    tinyc_sum_stage sum;
} tinyc_conv_vectors_sum_params;

/* The same with tinyc_conv_vectors_s8. */
void tinyc_conv_vectors_sum_s8(const tinyc_conv_vectors_sum_params *params, const int8_t *x, const int32_t *w,
                               const int8_t *other, int8_t *strip, int8_t *y);

#endif
