/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal: from accumulators to int8 results, in the rounding that this is compiled for. Where the stage is made of
 * compile-time constants a result takes two instructions on a core with the DSP extension.
 */
#ifndef TINYC_STAGE_H
#define TINYC_STAGE_H

#include "tinyc_kernels.h"
#include "tinyc_requantize.h"

#if defined(__GNUC__)
#define TINYC_ALWAYS_INLINE static inline __attribute__((always_inline))
#else
#define TINYC_ALWAYS_INLINE static inline
#endif

/* Words that the scale of a channel takes: its multiplier, and under TensorFlow Lite's rounding its shift. */
#if defined(CMSIS_NN_USE_SINGLE_ROUNDING)
#define TINYC_SCALE_WORDS 1
#else
#define TINYC_SCALE_WORDS 2
#endif

/* Bits 32 to 63 of a * b, plus add; b at least 0. */
TINYC_ALWAYS_INLINE int32_t tinyc_high_product(int32_t a, int32_t b, int32_t add)
{
#if defined(__ARM_FEATURE_DSP)
    int32_t out;
    __asm__("smmla %0, %1, %2, %3" : "=r"(out) : "r"(a), "r"(b), "r"(add));
    return out;
#elif defined(__thumb__) && !defined(__thumb2__)
    /* products of 32 bits are all that there is; the middle is gathered in parts, so that it does not overflow */
    const uint32_t a_low = (uint32_t)a & 0xFFFFu;
    const uint32_t b_low = (uint32_t)b & 0xFFFFu;
    const int32_t a_high = a >> 16;
    const int32_t b_high = b >> 16;
    const uint32_t middle = a_low * (uint32_t)b_high + (a_low * b_low >> 16);
    const int32_t other = a_high * (int32_t)b_low;
    return a_high * b_high + (other >> 16) + (int32_t)((middle + ((uint32_t)other & 0xFFFFu)) >> 16) + add;
#else
    return (int32_t)(((int64_t)a * b) >> 32) + add;
#endif
}

/* value / 2^right, rounded down, as an int8; right in [1, 31]. */
TINYC_ALWAYS_INLINE int32_t tinyc_saturated(int32_t value, int32_t right)
{
#if defined(__ARM_FEATURE_SAT) && defined(__OPTIMIZE__)
    int32_t out;
    if (__builtin_constant_p(right)) {
        __asm__("ssat %0, #8, %1, asr %2" : "=r"(out) : "r"(value), "i"(right) : "cc");
    } else {
        __asm__("ssat %0, #8, %1" : "=r"(out) : "r"(value >> right) : "cc");
    }
    return out;
#else
    const int32_t shifted = value >> right;
    return (uint32_t)shifted + 128u > 255u ? (shifted >> 31) ^ 127 : shifted;
#endif
}

/* The result of an accumulator whose channel has this scale, as an int32. */
TINYC_ALWAYS_INLINE int32_t tinyc_value(const tinyc_stage *stage, int32_t acc, const int32_t *scale)
{
#if defined(CMSIS_NN_USE_SINGLE_ROUNDING)
    /* the low half of the product cannot reach the rounding bit, so the high half decides alone */
    const int32_t add = (int32_t)((uint32_t)stage->offset << stage->right) + (1 << (stage->right - 1));
    int32_t value = tinyc_saturated(tinyc_high_product(acc, scale[0], add), stage->right);
#else
    int32_t value = tinyc_requantized(acc >> stage->bits, scale[0], scale[1]) + stage->offset;
    value = value < -128 ? -128 : value > 127 ? 127 : value;
#endif
    if (stage->low > -128 && value < stage->low) {
        value = stage->low;
    }
    if (stage->high < 127 && value > stage->high) {
        value = stage->high;
    }
    return value;
}

TINYC_ALWAYS_INLINE int8_t tinyc_result(const tinyc_stage *stage, int32_t acc, const int32_t *scale)
{
    return (int8_t)tinyc_value(stage, acc, scale);
}

#endif
