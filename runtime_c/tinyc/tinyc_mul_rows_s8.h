/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: the product of two int8 tensors, made for its constants; see tinyc_kernels.h. */
#ifndef TINYC_MUL_ROWS_S8_H
#define TINYC_MUL_ROWS_S8_H

#include "tinyc_lanes.h"
#include "tinyc_vectors.h"

TINYC_ALWAYS_INLINE void tinyc_mul_rows_s8_inline(const tinyc_mul_rows_params *p, const int8_t *a, const int8_t *b,
                                                  int8_t *y)
{
    for (int32_t r = 0; r < p->rows; ++r, a += p->a_step, b += p->b_step, y += p->row) {
        int32_t i = 0;
#if defined(TINYC_MVE)
        const tinyc_scales_x4 scales = tinyc_same_scales(p->scale);
        for (; i <= p->row - 4; i += 4) {
            const int32x4_t first = vaddq_n_s32(vldrbq_s32(a + i), p->a_offset);
            const int32x4_t second = vaddq_n_s32(vldrbq_s32(b + i), p->b_offset);
            vstrbq_s32(y + i, tinyc_results_x4(&p->stage, vmulq_s32(first, second), scales));
        }
#elif defined(TINYC_DSP)
        const uint32_t from_a = ((uint32_t)p->a_offset & 0xFFFFu) * 0x10001u;
        const uint32_t from_b = ((uint32_t)p->b_offset & 0xFFFFu) * 0x10001u;
        for (; i <= p->row - 4; i += 4) {
            const uint32_t a4 = tinyc_load_s8x4(a + i);
            const uint32_t b4 = tinyc_load_s8x4(b + i);
            const uint32_t a02 = tinyc_add_even(from_a, a4);
            const uint32_t a13 = tinyc_add_odd(from_a, a4);
            const uint32_t b02 = tinyc_add_even(from_b, b4);
            const uint32_t b13 = tinyc_add_odd(from_b, b4);
            const uint32_t word = tinyc_bytes(tinyc_value(&p->stage, tinyc_mul_ll(a02, b02), p->scale),
                                              tinyc_value(&p->stage, tinyc_mul_ll(a13, b13), p->scale),
                                              tinyc_value(&p->stage, tinyc_mul_hh(a02, b02), p->scale),
                                              tinyc_value(&p->stage, tinyc_mul_hh(a13, b13), p->scale));
            tinyc_store_s8x4(y + i, word);
        }
#endif
        for (; i < p->row; ++i) {
            y[i] = tinyc_result(&p->stage, (a[i] + p->a_offset) * (b[i] + p->b_offset), p->scale);
        }
    }
}

#endif
