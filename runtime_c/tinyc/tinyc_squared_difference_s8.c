/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_clamp.h"
#include "tinyc_kernels.h"
#include "tinyc_requantize.h"
#include "tinyc_rows.h"

void tinyc_squared_difference_s8(const tinyc_broadcast *shape, const tinyc_sum_params *params, const int8_t *a,
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
        for (int32_t i = 0; i < columns; ++i) {
            const int32_t first = tinyc_requantized((*from_a + p.a_offset) * unit, p.a_multiplier, p.a_shift);
            const int32_t second = tinyc_requantized((*from_b + p.b_offset) * unit, p.b_multiplier, p.b_shift);
            const int32_t difference = first - second;
            const int32_t scaled = tinyc_requantized(difference * difference, p.y_multiplier, p.y_shift);
            *y++ = tinyc_clamped_s8(scaled + p.y_offset, p.low, p.high);
            from_a += a_step;
            from_b += b_step;
        }
    } while (tinyc_next_row(&row, shape->size));
}
