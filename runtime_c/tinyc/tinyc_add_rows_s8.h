/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: the sum of two int8 tensors, made for its constants; see tinyc_sum_kernels.h. */
#ifndef TINYC_ADD_ROWS_S8_H
#define TINYC_ADD_ROWS_S8_H

#include "tinyc_sum_stage.h"
#include "tinyc_vectors.h"

#if defined(TINYC_DSP) && defined(__OPTIMIZE__)

/* The next eight values of a row: a compiler does not let loads and stores move on by themselves. */
#define TINYC_ADD_NEXT                                                                                                 \
    "ldrsb %0, [%2], #1\n\tldrsb %1, [%3], #1\n\tmla %0, %0, %5, %7\n\tmla %0, %1, %6, %0\n\t"                         \
    "ssat %0, #8, %0, asr %8\n\tstrb %0, [%4], #1\n\t"
TINYC_ALWAYS_INLINE void tinyc_add_eight(const tinyc_sum_stage *sum, const int8_t **value, const int8_t **other,
                                         int8_t **y)
{
    int32_t result, second;
    __asm__ volatile(TINYC_ADD_NEXT TINYC_ADD_NEXT TINYC_ADD_NEXT TINYC_ADD_NEXT TINYC_ADD_NEXT TINYC_ADD_NEXT
                     TINYC_ADD_NEXT TINYC_ADD_NEXT
                     : "=&r"(result), "=&r"(second), "+&r"(*value), "+&r"(*other), "+&r"(*y)
                     : "r"(sum->value_factor), "r"(sum->other_factor), "r"(sum->start), "i"(sum->right)
                     : "cc", "memory");
}

#endif

TINYC_ALWAYS_INLINE void tinyc_add_rows_s8_inline(const tinyc_add_rows_params *p, const int8_t *value,
                                                  const int8_t *other, int8_t *y)
{
    const tinyc_sum_stage sum = p->sum; /* a copy, which no store of a result can change */
    for (int32_t r = 0; r < p->rows; ++r, value += p->value_step, other += p->other_step, y += p->row) {
        int32_t i = 0;
#if defined(TINYC_MVE)
        for (; i <= p->row - 4; i += 4) {
            const int32x4_t others = vmlaq_n_s32(vdupq_n_s32(sum.start), vldrbq_s32(other + i), sum.other_factor);
            const int32x4_t both = vmlaq_n_s32(others, vldrbq_s32(value + i), sum.value_factor);
            const int32x4_t result = vshlq_s32(both, vdupq_n_s32(-sum.right));
            vstrbq_s32(y + i, vmaxq_s32(vminq_s32(result, vdupq_n_s32(sum.high)), vdupq_n_s32(sum.low)));
        }
#elif defined(TINYC_DSP) && defined(__OPTIMIZE__)
        if (__builtin_constant_p(sum.right) && sum.low == -128 && sum.high == 127) {
            const int8_t *a = value, *b = other;
            int8_t *to = y;
            for (; i + 8 <= p->row; i += 8) {
                tinyc_add_eight(&sum, &a, &b, &to);
            }
        }
#endif
#pragma GCC unroll 8
        for (; i < p->row; ++i) {
            y[i] = tinyc_summed(&sum, value[i], other[i]);
        }
    }
}

#endif
