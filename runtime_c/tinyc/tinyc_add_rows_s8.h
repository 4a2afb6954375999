/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: the sum of two int8 tensors, made for its constants; see tinyc_kernels.h. */
#ifndef TINYC_ADD_ROWS_S8_H
#define TINYC_ADD_ROWS_S8_H

#include "tinyc_lanes.h"
#include "tinyc_vectors.h"

TINYC_ALWAYS_INLINE void tinyc_add_rows_s8_inline(const tinyc_add_rows_params *p, const int8_t *a, const int8_t *b,
                                                  int8_t *y)
{
    for (int32_t r = 0; r < p->rows; ++r, a += p->a_step, b += p->b_step, y += p->row) {
        int32_t i = 0;
#if defined(TINYC_MVE)
        const tinyc_scales_x4 scales = tinyc_same_scales(p->scale);
        for (; i <= p->row - 4; i += 4) {
            const int32x4_t part = vmlasq_n_s32(vldrbq_s32(a + i), vdupq_n_s32(p->a_factor), p->start);
            const int32x4_t sum = vmlaq_n_s32(part, vldrbq_s32(b + i), p->b_factor);
            vstrbq_s32(y + i, tinyc_results_x4(&p->stage, sum, scales));
        }
#elif defined(TINYC_DSP)
        const uint32_t factors = ((uint32_t)p->a_factor & 0xFFFFu) | (uint32_t)p->b_factor << 16;
        for (; i <= p->row - 4; i += 4) {
            const uint32_t a4 = tinyc_load_s8x4(a + i);
            const uint32_t b4 = tinyc_load_s8x4(b + i);
            const uint32_t a02 = tinyc_even(a4);
            const uint32_t a13 = tinyc_odd(a4);
            const uint32_t b02 = tinyc_even(b4);
            const uint32_t b13 = tinyc_odd(b4);
            const int32_t s0 = tinyc_mla_lh(b02, factors, tinyc_mla_ll(a02, factors, p->start));
            const int32_t s1 = tinyc_mla_lh(b13, factors, tinyc_mla_ll(a13, factors, p->start));
            const int32_t s2 = tinyc_mla_hh(b02, factors, tinyc_mla_hl(a02, factors, p->start));
            const int32_t s3 = tinyc_mla_hh(b13, factors, tinyc_mla_hl(a13, factors, p->start));
            const uint32_t word = tinyc_bytes(tinyc_value(&p->stage, s0, p->scale), tinyc_value(&p->stage, s1, p->scale),
                                              tinyc_value(&p->stage, s2, p->scale), tinyc_value(&p->stage, s3, p->scale));
            tinyc_store_s8x4(y + i, word);
        }
#endif
        for (; i < p->row; ++i) {
            y[i] = tinyc_result(&p->stage, a[i] * p->a_factor + b[i] * p->b_factor + p->start, p->scale);
        }
    }
}

#endif
