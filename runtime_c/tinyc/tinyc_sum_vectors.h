/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: tinyc_summed for four neighbouring channels on cores with Helium. */
#ifndef TINYC_SUM_VECTORS_H
#define TINYC_SUM_VECTORS_H

#include "tinyc_sum_stage.h"
#include "tinyc_vectors.h"

#if defined(TINYC_MVE)

/* `values` are the lowest bytes of lanes, and so are the results; see tinyc_store_x4 for the rest. */
TINYC_ALWAYS_INLINE int32x4_t tinyc_summed_x4(const tinyc_sum_stage *stage, int32x4_t values, const int8_t *other,
                                              int32_t channels, mve_pred16_t some)
{
    const int32x4_t others = channels % 4 == 0 ? vldrbq_s32(other) : vldrbq_z_s32(other, some);
    const int32x4_t factor = vdupq_n_s32(stage->other_factor);
    const int32x4_t high = vshlq_n_s32(values, 24); /* times twice 2^7 factors, and then the upper halves */
    const int32_t value_factor = stage->value_factor * 128;
    int8x16_t out;
#if defined(__OPTIMIZE__)
    if (__builtin_constant_p(stage->right) && stage->right > 16 && stage->right <= 24) {
        /* Two steps that round, of a sum that is so much less; GNU's assembler takes those that do not for these. */
        const int32_t start = stage->start - (1 << 15) - (1 << (stage->right - 1));
        const int32x4_t sum = vqdmlahq_n_s32(vmlasq_n_s32(others, factor, start), high, value_factor);
        __asm__("vqrshrnb.s32 %q0, %q1, #16\n\tvqrshrnb.s16 %q0, %q0, %2"
                : "=w"(out)
                : "w"(sum), "i"(stage->right > 16 ? stage->right - 16 : 1));
    } else
#endif
    {
        const int32x4_t sum = vqdmlahq_n_s32(vmlasq_n_s32(others, factor, stage->start), high, value_factor);
        out = tinyc_low_bytes(vshlq_r_s32(sum, -stage->right));
    }
    if (stage->low > -128) {
        out = vmaxq_s8(out, vdupq_n_s8((int8_t)stage->low));
    }
    if (stage->high < 127) {
        out = vminq_s8(out, vdupq_n_s8((int8_t)stage->high));
    }
    return vreinterpretq_s32_s8(out);
}

#endif

#endif
