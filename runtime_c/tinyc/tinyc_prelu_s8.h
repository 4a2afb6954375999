/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: int8 whose negative elements are scaled, made for its constants; see tinyc_elementwise_kernels.h. */
#ifndef TINYC_PRELU_S8_H
#define TINYC_PRELU_S8_H

#include "tinyc_clamp.h"
#include "tinyc_requantize.h"
#include "tinyc_rows.h"
#include "tinyc_stage.h"

TINYC_ALWAYS_INLINE void tinyc_prelu_s8_inline(const tinyc_broadcast *shape, const tinyc_prelu_params *params,
                                               const int8_t *a, const int8_t *b, int8_t *y)
{
    const tinyc_prelu_params p = *params;
    const int32_t columns = shape->size[TINYC_LAST_AXIS];
    const int32_t a_step = shape->a[TINYC_LAST_AXIS];
    const int32_t b_step = shape->b[TINYC_LAST_AXIS];
    tinyc_row row = {{0}};
    do {
        const int8_t *from_a = a + tinyc_row_start(&row, shape->a);
        const int8_t *from_b = b + tinyc_row_start(&row, shape->b);
#pragma GCC unroll 2
        for (int32_t i = 0; i < columns; ++i) {
            const int32_t value = from_a[i * a_step] + p.a_offset;
            const int32_t scaled =
                value >= 0 ? tinyc_requantized(value, p.multiplier, p.shift)
                           : tinyc_requantized(value * (from_b[i * b_step] + p.b_offset), p.b_multiplier, p.b_shift);
            y[i] = tinyc_clamped_s8(scaled + p.y_offset, p.low, p.high);
        }
        y += columns;
    } while (tinyc_next_row(&row, shape->size));
}

#endif
