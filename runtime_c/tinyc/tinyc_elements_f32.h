/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: functions of two floats, element by element, of operands that broadcast. */
#ifndef TINYC_ELEMENTS_F32_H
#define TINYC_ELEMENTS_F32_H

#include "tinyc_clamp.h"
#include "tinyc_rows.h"
#include "tinyc_stage.h"

typedef enum {
    TINYC_SUM,
    TINYC_DIFFERENCE,
    TINYC_PRODUCT,
    TINYC_QUOTIENT,
    TINYC_PRELU,
    TINYC_SQUARED_DIFFERENCE
} tinyc_function_f32;

TINYC_ALWAYS_INLINE float tinyc_element_f32(tinyc_function_f32 function, float a, float b)
{
    return function == TINYC_SUM          ? a + b
           : function == TINYC_DIFFERENCE ? a - b
           : function == TINYC_PRODUCT    ? a * b
           : function == TINYC_QUOTIENT   ? a / b
           : function == TINYC_PRELU      ? (a < 0.0f ? a * b : a)
                                          : (a - b) * (a - b);
}

TINYC_ALWAYS_INLINE void tinyc_elements_f32(tinyc_function_f32 function, const tinyc_broadcast *shape, float low,
                                            float high, const float *a, const float *b, float *y)
{
    const int32_t columns = shape->size[TINYC_LAST_AXIS];
    const int32_t a_step = shape->a[TINYC_LAST_AXIS];
    const int32_t b_step = shape->b[TINYC_LAST_AXIS];
    tinyc_row row = {{0}};
    do {
        const float *from_a = a + tinyc_row_start(&row, shape->a);
        const float *from_b = b + tinyc_row_start(&row, shape->b);
#pragma GCC unroll 4
        for (int32_t i = 0; i < columns; ++i) {
            y[i] = tinyc_clamped_f32(tinyc_element_f32(function, from_a[i * a_step], from_b[i * b_step]), low, high);
        }
        y += columns;
    } while (tinyc_next_row(&row, shape->size));
}

#endif
