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
    /* Products of 32 bits are all that there is. a = (a_high, a_low), b = (b_high, b_low): the middle of the product is
     * gathered in parts, so that it does not overflow. */
#if defined(__OPTIMIZE__)
    uint32_t a_low;
    uint32_t b_low;
    uint32_t low;
    __asm__(".syntax unified\n\t"
            "uxth %[a_low], %[a]\n\t"
            "asrs %[a], %[a], #16\n\t"
            "uxth %[b_low], %[b]\n\t"
            "lsrs %[b], %[b], #16\n\t"
            "mov %[low], %[a_low]\n\t"
            "muls %[low], %[b_low], %[low]\n\t"
            "lsrs %[low], %[low], #16\n\t"
            "muls %[a_low], %[b], %[a_low]\n\t"
            "adds %[low], %[low], %[a_low]\n\t"
            "muls %[b_low], %[a], %[b_low]\n\t"
            "muls %[a], %[b], %[a]\n\t"
            "uxth %[a_low], %[b_low]\n\t"
            "adds %[low], %[low], %[a_low]\n\t"
            "lsrs %[low], %[low], #16\n\t"
            "asrs %[b_low], %[b_low], #16\n\t"
            "adds %[a], %[a], %[b_low]\n\t"
            "adds %[a], %[a], %[low]"
            : [a] "+l"(a), [b] "+l"(b), [a_low] "=&l"(a_low), [b_low] "=&l"(b_low), [low] "=&l"(low)
            :
            : "cc");
    return a + add;
#else
    const uint32_t a_low = (uint32_t)a & 0xFFFFu;
    const uint32_t b_low = (uint32_t)b & 0xFFFFu;
    const int32_t a_high = a >> 16;
    const int32_t b_high = b >> 16;
    const uint32_t middle = a_low * (uint32_t)b_high + (a_low * b_low >> 16);
    const int32_t other = a_high * (int32_t)b_low;
    return a_high * b_high + (other >> 16) + (int32_t)((middle + ((uint32_t)other & 0xFFFFu)) >> 16) + add;
#endif
#else
    return (int32_t)(((int64_t)a * b) >> 32) + add;
#endif
}

/* The same for any b; a is not -2^31. */
TINYC_ALWAYS_INLINE int32_t tinyc_signed_high_product(int32_t a, int32_t b, int32_t add)
{
#if defined(__thumb__) && !defined(__thumb2__)
    return b < 0 ? tinyc_high_product(-a, -b, add) : tinyc_high_product(a, b, add);
#else
    return tinyc_high_product(a, b, add);
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

/* Results of the first `count` (1 to 4) of four sums over `start` of one channel, `step` bytes apart. */
TINYC_ALWAYS_INLINE void tinyc_results(const tinyc_stage *stage, int32_t count, const int32_t *sums, int32_t start,
                                       const int32_t *scale, int8_t *y, int32_t step)
{
#if defined(CMSIS_NN_USE_SINGLE_ROUNDING) && defined(__thumb__) && !defined(__thumb2__) && defined(__OPTIMIZE__)
    if (stage->low <= -128 && stage->high >= 127) {
        /* As tinyc_high_product does it, with all registers in the right place; what leaves [-128, 127] is rare. */
        const int32_t *const end = sums + count;
        const int32_t add = (int32_t)((uint32_t)(stage->offset + 128) << stage->right) + (1 << (stage->right - 1));
        const uint32_t factor_low = (uint32_t)scale[0] & 0xFFFFu;
        const uint32_t factor_high = (uint32_t)scale[0] >> 16;
        int32_t a;
        uint32_t t;
        uint32_t u;
        uint32_t v;
        __asm__ volatile(".syntax unified\n"
                         "1:\n\t"
                         "ldmia %[sums]!, {%[a]}\n\t"
                         "add %[a], %[start]\n\t"
                         "uxth %[t], %[a]\n\t"
                         "asrs %[a], %[a], #16\n\t"
                         "mov %[v], %[t]\n\t"
                         "muls %[v], %[low], %[v]\n\t"
                         "lsrs %[v], %[v], #16\n\t"
                         "muls %[t], %[high], %[t]\n\t"
                         "adds %[v], %[v], %[t]\n\t"
                         "mov %[u], %[low]\n\t"
                         "muls %[u], %[a], %[u]\n\t"
                         "muls %[a], %[high], %[a]\n\t"
                         "uxth %[t], %[u]\n\t"
                         "adds %[v], %[v], %[t]\n\t"
                         "lsrs %[v], %[v], #16\n\t"
                         "asrs %[u], %[u], #16\n\t"
                         "adds %[a], %[a], %[u]\n\t"
                         "adds %[a], %[a], %[v]\n\t"
                         "add %[a], %[add]\n\t"
                         "mov %[t], %[right]\n\t"
                         "asrs %[a], %[t]\n\t"
                         "cmp %[a], #255\n\t"
                         "bls 2f\n\t"
                         "mvns %[a], %[a]\n\t"
                         "asrs %[a], %[a], #31\n"
                         "2:\n\t"
                         "subs %[a], #128\n\t"
                         "strb %[a], [%[y]]\n\t"
                         "add %[y], %[step]\n\t"
                         "cmp %[sums], %[end]\n\t"
                         "bne 1b"
                         : [sums] "+l"(sums), [y] "+l"(y), [a] "=&l"(a), [t] "=&l"(t), [u] "=&l"(u), [v] "=&l"(v)
                         : [low] "l"(factor_low), [high] "l"(factor_high), [start] "h"(start), [add] "h"(add),
                           [right] "h"(stage->right), [step] "h"(step), [end] "h"(end)
                         : "cc", "memory");
        return;
    }
#endif
    y[0] = tinyc_result(stage, sums[0] + start, scale);
    if (count > 1) {
        y[step] = tinyc_result(stage, sums[1] + start, scale);
    }
    if (count > 2) {
        y[2 * step] = tinyc_result(stage, sums[2] + start, scale);
    }
    if (count > 3) {
        y[3 * step] = tinyc_result(stage, sums[3] + start, scale);
    }
}

#endif
