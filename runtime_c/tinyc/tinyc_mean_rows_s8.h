/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: the mean over the middle axis, made for its constants; see tinyc_kernels.h. */
#ifndef TINYC_MEAN_ROWS_S8_H
#define TINYC_MEAN_ROWS_S8_H

#include "tinyc_lanes.h"
#include "tinyc_vectors.h"

#define TINYC_MEAN_FIT 256 /* int8 whose sum fits an int16 lane */

TINYC_ALWAYS_INLINE void tinyc_mean_rows_s8_inline(const tinyc_mean_rows_params *p, const int8_t *x, int8_t *y)
{
    for (int32_t o = 0; o < p->outer; ++o, x += p->count * p->inner, y += p->inner) {
        int32_t i = 0;
#if defined(TINYC_MVE)
        const tinyc_scales_x4 scales = tinyc_same_scales(p->scale);
        for (; i <= p->inner - 8; i += 8) {
            const int8_t *value = x + i;
            int32x4_t even = vdupq_n_s32(p->start);
            int32x4_t odd = even;
            for (int32_t left = p->count; left > 0; left -= TINYC_MEAN_FIT) {
                int16x8_t sums = vdupq_n_s16(0);
#pragma GCC unroll 4
                for (int32_t k = left < TINYC_MEAN_FIT ? left : TINYC_MEAN_FIT; k > 0; --k, value += p->inner) {
                    sums = vaddq_s16(sums, vldrbq_s16(value));
                }
                even = vaddq_s32(even, vmovlbq_s16(sums));
                odd = vaddq_s32(odd, vmovltq_s16(sums));
            }
            even = tinyc_results_x4(&p->stage, even, scales);
            odd = tinyc_results_x4(&p->stage, odd, scales);
            vstrbq_s16(y + i, vreinterpretq_s16_s32(vsliq_n_s32(even, odd, 16)));
        }
#endif
        for (; i <= p->inner - 4; i += 4) {
            const int8_t *value = x + i;
            int32_t s0 = p->start;
            int32_t s1 = p->start;
            int32_t s2 = p->start;
            int32_t s3 = p->start;
#if defined(TINYC_DSP)
            for (int32_t left = p->count; left > 0; left -= TINYC_MEAN_FIT) {
                uint32_t even = 0;
                uint32_t odd = 0;
#pragma GCC unroll 4
                for (int32_t k = left < TINYC_MEAN_FIT ? left : TINYC_MEAN_FIT; k > 0; --k, value += p->inner) {
                    const uint32_t word = tinyc_load_s8x4(value);
                    even = tinyc_add_even(even, word);
                    odd = tinyc_add_odd(odd, word);
                }
                s0 += (int16_t)even;
                s1 += (int16_t)odd;
                s2 += (int32_t)even >> 16;
                s3 += (int32_t)odd >> 16;
            }
#else
#pragma GCC unroll 4
            for (int32_t k = p->count; k > 0; --k, value += p->inner) {
                s0 += value[0];
                s1 += value[1];
                s2 += value[2];
                s3 += value[3];
            }
#endif
            y[i] = tinyc_result(&p->stage, s0, p->scale);
            y[i + 1] = tinyc_result(&p->stage, s1, p->scale);
            y[i + 2] = tinyc_result(&p->stage, s2, p->scale);
            y[i + 3] = tinyc_result(&p->stage, s3, p->scale);
        }
        for (; i < p->inner; ++i) {
            const int8_t *value = x + i;
            int32_t sum = p->start;
            for (int32_t k = p->count; k > 0; --k, value += p->inner) {
                sum += *value;
            }
            y[i] = tinyc_result(&p->stage, sum, p->scale);
        }
    }
}

#endif
