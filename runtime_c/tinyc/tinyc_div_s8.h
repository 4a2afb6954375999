/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: the quotient of two int8 tensors, made for its constants; see tinyc_elementwise_kernels.h. */
#ifndef TINYC_DIV_S8_H
#define TINYC_DIV_S8_H

#include "tinyc_clamp.h"
#include "tinyc_rows.h"
#include "tinyc_stage.h"

#define TINYC_RESULT_BITS 14                                    /* behind the point, before rounding */
#define TINYC_OPERAND_UNIT (1 << (32 + TINYC_RESULT_BITS - 23)) /* by which a is multiplied */

#if defined(CMSIS_NN_USE_SINGLE_ROUNDING)

#define TINYC_RECIPROCAL_WORDS 1

TINYC_ALWAYS_INLINE int32_t tinyc_quotient_s8(const tinyc_div_params *p, int32_t a, const int32_t *reciprocal)
{
    const int32_t add = p->y_offset * (1 << TINYC_RESULT_BITS) + (1 << (TINYC_RESULT_BITS - 1));
    const int32_t value = tinyc_signed_high_product(a * TINYC_OPERAND_UNIT, reciprocal[0], add);
    return tinyc_saturated(value, TINYC_RESULT_BITS);
}

#else

#define TINYC_RECIPROCAL_WORDS 2

/* a * b / 2^31 to nearest, ties up. */
static inline int32_t tinyc_doubled_high_product(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
}

TINYC_ALWAYS_INLINE int32_t tinyc_quotient_s8(const tinyc_div_params *p, int32_t a, const int32_t *reciprocal)
{
    const int32_t value = reciprocal[0] < 0 ? -a : a;
    const uint32_t bits = (uint32_t)(value < 0 ? ~value : value);
    const int32_t room = bits == 0 ? 31 : __builtin_clz(bits) - 1;
    const int32_t factor = reciprocal[0] < 0 ? -reciprocal[0] : reciprocal[0];
    const int32_t quotient = tinyc_doubled_high_product((int32_t)((uint32_t)value << room), factor);
    const int32_t scaled = tinyc_doubled_high_product(quotient, p->y_multiplier);
    const int32_t right = room - reciprocal[1];
    if (right > 31) {
        return p->y_offset;
    }
    const int64_t half = right > 0 ? ((int64_t)1 << (right - 1)) - (scaled < 0 ? 1 : 0) : 0;
    const int64_t rounded = ((scaled + half) >> (right > 0 ? right : 0)) + p->y_offset;
    return rounded < -128 ? -128 : rounded > 127 ? 127 : (int32_t)rounded;
}

#endif

TINYC_ALWAYS_INLINE void tinyc_div_s8_inline(const tinyc_broadcast *shape, const tinyc_div_params *params,
                                            const int32_t *reciprocals, const int8_t *a, const int8_t *b, int8_t *y)
{
    const tinyc_div_params p = *params;
    const int32_t columns = shape->size[TINYC_LAST_AXIS];
    const int32_t a_step = shape->a[TINYC_LAST_AXIS];
    const int32_t b_step = shape->b[TINYC_LAST_AXIS];
    const int32_t *const of_zero = reciprocals + 128 * TINYC_RECIPROCAL_WORDS;
    tinyc_row row = {{0}};
    do {
        const int8_t *from_a = a + tinyc_row_start(&row, shape->a);
        const int8_t *from_b = b + tinyc_row_start(&row, shape->b);
#pragma GCC unroll 4
        for (int32_t i = 0; i < columns; ++i) {
            const int32_t *reciprocal = of_zero + from_b[i * b_step] * TINYC_RECIPROCAL_WORDS;
            int32_t value = tinyc_quotient_s8(&p, from_a[i * a_step] + p.a_offset, reciprocal);
            if (p.low > -128 || p.high < 127) {
                value = tinyc_clamped_s8(value, p.low, p.high);
            }
            y[i] = (int8_t)value;
        }
        y += columns;
    } while (tinyc_next_row(&row, shape->size));
}

#endif
