/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: squared differences in int8, made for its constants; see tinyc_elementwise_kernels.h. */
#ifndef TINYC_SQUARED_DIFFERENCE_S8_H
#define TINYC_SQUARED_DIFFERENCE_S8_H

#include "tinyc_clamp.h"
#include "tinyc_requantize.h"
#include "tinyc_rows.h"
#include "tinyc_stage.h"

TINYC_ALWAYS_INLINE void tinyc_squared_difference_s8_inline(const tinyc_broadcast *shape,
                                                            const tinyc_sum_params *params, const int8_t *a,
                                                            const int8_t *b, int8_t *y)
{
    const tinyc_sum_params p = *params;
    const int32_t unit = (int32_t)1 << p.left_shift;
    const int32_t columns = shape->size[TINYC_LAST_AXIS];
    const int32_t a_step = shape->a[TINYC_LAST_AXIS];
    const int32_t b_step = shape->b[TINYC_LAST_AXIS];
    tinyc_row row = {{0}};
    do {
        const int8_t *from_a = a + tinyc_row_start(&row, shape->a);
        const int8_t *from_b = b + tinyc_row_start(&row, shape->b);
#pragma GCC unroll 2
        for (int32_t i = 0; i < columns; ++i) {
            const int32_t first = (from_a[i * a_step] + p.a_offset) * unit;
            const int32_t second = (from_b[i * b_step] + p.b_offset) * unit;
            const int32_t difference = tinyc_requantized(first, p.a_multiplier, p.a_shift) -
                                       tinyc_requantized(second, p.b_multiplier, p.b_shift);
            const int32_t scaled = tinyc_requantized(difference * difference, p.y_multiplier, p.y_shift);
            y[i] = tinyc_clamped_s8(scaled + p.y_offset, p.low, p.high);
        }
        y += columns;
    } while (tinyc_next_row(&row, shape->size));
}

#endif
