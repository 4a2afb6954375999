/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: what kernels for Helium share. Four int32 lanes at a time hold four neighbouring channels. */
#ifndef TINYC_VECTORS_H
#define TINYC_VECTORS_H

#include "tinyc_simd.h"
#include "tinyc_stage.h"

enum { TINYC_LANES = 16 };

/* `bytes` bytes of a value; up to 15 bytes more may be written. */
TINYC_ALWAYS_INLINE void tinyc_fill_vectors(int32_t bytes, int32_t value, int8_t *dst)
{
#if defined(TINYC_MVE)
    for (int32_t i = 0; i < bytes; i += TINYC_LANES) {
        vstrbq_s8(dst + i, vdupq_n_s8((int8_t)value));
    }
#else
    for (int32_t i = 0; i < bytes; ++i) {
        dst[i] = (int8_t)value;
    }
#endif
}

#if defined(TINYC_MVE)

/* The scales of four channels. */
typedef struct {
    int32x4_t multiplier;
#if !defined(CMSIS_NN_USE_SINGLE_ROUNDING)
    int32x4_t left, right; /* shifts before the product, and after it (at most 0) */
#endif
} tinyc_scales_x4;

/* Four multipliers and then, where there are any, four shifts. */
TINYC_ALWAYS_INLINE tinyc_scales_x4 tinyc_load_scales(const int32_t *from)
{
    tinyc_scales_x4 scales;
    scales.multiplier = vldrwq_s32(from);
#if !defined(CMSIS_NN_USE_SINGLE_ROUNDING)
    const int32x4_t shift = vldrwq_s32(from + 4);
    scales.left = vmaxq_s32(shift, vdupq_n_s32(0));
    scales.right = vminq_s32(shift, vdupq_n_s32(0));
#endif
    return scales;
}

/* A scale that four channels share. */
TINYC_ALWAYS_INLINE tinyc_scales_x4 tinyc_same_scales(const int32_t *scale)
{
    tinyc_scales_x4 scales;
    scales.multiplier = vdupq_n_s32(scale[0]);
#if !defined(CMSIS_NN_USE_SINGLE_ROUNDING)
    scales.left = vdupq_n_s32(scale[1] > 0 ? scale[1] : 0);
    scales.right = vdupq_n_s32(scale[1] < 0 ? scale[1] : 0);
#endif
    return scales;
}

/* Four values, saturated, in the lowest byte of each lane. */
TINYC_ALWAYS_INLINE int8x16_t tinyc_low_bytes(int32x4_t values)
{
    const int16x8_t half = vqmovnbq_s32(vdupq_n_s16(0), values);
    return vqmovnbq_s16(vdupq_n_s8(0), half);
}

/* What tinyc_result makes of four accumulators whose `bits` are 0, in the lowest byte of each lane. */
TINYC_ALWAYS_INLINE int32x4_t tinyc_results_x4(const tinyc_stage *stage, int32x4_t acc, tinyc_scales_x4 scales)
{
    int8x16_t out;
#if defined(CMSIS_NN_USE_SINGLE_ROUNDING)
    const int32_t add = (int32_t)((uint32_t)stage->offset << stage->right);
    const int32x4_t value = vaddq_n_s32(vmulhq_s32(acc, scales.multiplier), add);
#if defined(__OPTIMIZE__)
    if (__builtin_constant_p(stage->right) && stage->right <= 16) { /* what the upper halves hold does not matter */
        __asm__("vqrshrnb.s32 %q0, %q1, %2\n\tvqmovnb.s16 %q0, %q0" : "=w"(out) : "w"(value), "i"(stage->right));
    } else
#endif
    {
        out = tinyc_low_bytes(vrshlq_n_s32(value, -stage->right));
    }
#else
    const int32x4_t high = vqrdmulhq_s32(vshlq_s32(acc, scales.left), scales.multiplier);
    const int32x4_t away = vshrq_n_s32(vandq_s32(high, scales.right), 31); /* ties of negative values go down */
    out = tinyc_low_bytes(vaddq_n_s32(vrshlq_s32(vqaddq_s32(high, away), scales.right), stage->offset));
#endif
    if (stage->low > -128) {
        out = vmaxq_s8(out, vdupq_n_s8((int8_t)stage->low));
    }
    if (stage->high < 127) {
        out = vminq_s8(out, vdupq_n_s8((int8_t)stage->high));
    }
    return vreinterpretq_s32_s8(out);
}

/* A lane each for four values. */
TINYC_ALWAYS_INLINE int32x4_t tinyc_lanes(int32_t a, int32_t b, int32_t c, int32_t d)
{
#if defined(__OPTIMIZE__) /* GCC moves lane by lane */
    int32x4_t out;
    __asm__("vmov %q0[2], %q0[0], %1, %3\n\tvmov %q0[3], %q0[1], %2, %4"
            : "=&w"(out)
            : "r"(a), "r"(b), "r"(c), "r"(d));
    return out;
#else
    const int32_t values[] = {a, b, c, d};
    return vldrwq_s32(values);
#endif
}

/* The lowest bytes of `some` lanes, where a pixel has `channels`. */
TINYC_ALWAYS_INLINE void tinyc_store_x4(int8_t *y, int32x4_t results, int32_t channels, mve_pred16_t some)
{
    if (channels % 4 == 0) {
        vstrbq_s32(y, results);
    } else {
        vstrbq_p_s32(y, results, some);
    }
}

#endif

#endif
