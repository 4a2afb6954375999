/* SPDX-License-Identifier: Apache-2.0 */
/* Part of tinyc_kernels.h, by which it is included: further functions of single elements. */
#ifndef TINYC_ELEMENTWISE_KERNELS_H
#define TINYC_ELEMENTWISE_KERNELS_H

#include "tinyc_kernels.h"

/* y = a / b. The result may take the place of an operand of its shape. */
void tinyc_div_f32(const tinyc_broadcast *shape, float low, float high, const float *a, const float *b, float *y);

/* low and high are int8 values; y_multiplier is for TensorFlow Lite's rounding. */
typedef struct {
    int32_t a_offset, y_offset;
    int32_t y_multiplier;
    int32_t low, high;
} tinyc_div_params;

/* The same in int8. `reciprocals` has for each of the 256 stored b, from -128 on, a word: scale_a / (scale_b * scale_y)
 * over b less its zero point, with 23 bits behind the point; 2^31 - 1 for zero. With TensorFlow Lite's rounding it has
 * two: the reciprocal of that divisor, times a power of two so that it is in [2^30, 2^31), or minus that; and a shift. */
void tinyc_div_s8(const tinyc_broadcast *shape, const tinyc_div_params *params, const int32_t *reciprocals,
                  const int8_t *a, const int8_t *b, int8_t *y);

/* y = a, or a * b where a is negative. The result may take the place of an operand of its shape. */
void tinyc_prelu_f32(const tinyc_broadcast *shape, float low, float high, const float *a, const float *b, float *y);

/* multiplier and shift bring a to the scale of y, those of b the product; low and high are int8 values. */
typedef struct {
    int32_t a_offset, b_offset, y_offset;
    int32_t multiplier, shift;
    int32_t b_multiplier, b_shift;
    int32_t low, high;
} tinyc_prelu_params;

/* The same in int8. */
void tinyc_prelu_s8(const tinyc_broadcast *shape, const tinyc_prelu_params *params, const int8_t *a, const int8_t *b,
                    int8_t *y);

/* y = (a - b)^2. The result may take the place of an operand of its shape. */
void tinyc_squared_difference_f32(const tinyc_broadcast *shape, float low, float high, const float *a, const float *b,
                                  float *y);

/* The same in int8: the difference is that of the scaled operands, as in a sum, and y_multiplier is of its square. */
void tinyc_squared_difference_s8(const tinyc_broadcast *shape, const tinyc_sum_params *params, const int8_t *a,
                                 const int8_t *b, int8_t *y);

#endif
