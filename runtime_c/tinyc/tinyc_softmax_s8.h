/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal: softmax by a table of the powers of all differences to the largest input, made for its constants; see
 * tinyc_kernels.h. Its bits are those of TensorFlow Lite's fixed point, after gemmlowp: a value with m bits before the
 * point and n behind it is in Qm.n. The reciprocal of the sum takes three steps of Newton's method.
 */
#ifndef TINYC_SOFTMAX_S8_H
#define TINYC_SOFTMAX_S8_H

#include "tinyc_vectors.h"

#define TINYC_SUM_BITS 12 /* before the point, of the sum of powers */

/* a * b / 2^31 to nearest, ties up; not both are -2^31. */
static inline int32_t tinyc_softmax_times(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
}

/* value * 2^bits, saturated. */
static inline int32_t tinyc_softmax_shifted(int32_t value, int32_t bits)
{
    const int32_t limit = INT32_MAX >> bits;
    if (value > limit) {
        return INT32_MAX;
    }
    return value < -limit - 1 ? INT32_MIN : value * (1 << bits);
}

static inline int32_t tinyc_softmax_headroom(uint32_t value)
{
#if defined(__GNUC__)
    return __builtin_clz(value);
#else
    int32_t bits = 0;
    for (; (value & 0x80000000u) == 0; value <<= 1) {
        ++bits;
    }
    return bits;
#endif
}

/* 1 / x in Q0.31 for x in [1, 2), given as `half` of it in Q0.31. */
static inline int32_t tinyc_softmax_reciprocal(int32_t half)
{
    int32_t guess = 1515870810 + tinyc_softmax_times(half, -1010580540); /* 48/17 - 32/17 * half, in Q2.29 */
    for (int32_t step = 0; step < 3; ++step) {
        const int32_t error = (1 << 29) - tinyc_softmax_times(half, guess);
        guess += tinyc_softmax_shifted(tinyc_softmax_times(guess, error), 2);
    }
    return tinyc_softmax_shifted(guess, 1);
}

/* The same as tinyc_softmax_times of two that are not negative. */
TINYC_ALWAYS_INLINE uint32_t tinyc_softmax_share(int32_t power, int32_t inverse)
{
#if defined(__thumb__) && !defined(__thumb2__)
    const uint32_t low = (uint32_t)power * (uint32_t)inverse;
    return 2 * (uint32_t)tinyc_high_product(power, inverse, 0) + (((low >> 30) + 1) >> 1);
#else
    return (uint32_t)(((uint64_t)(uint32_t)power * (2 * (uint32_t)inverse) + 0x80000000u) >> 32);
#endif
}

TINYC_ALWAYS_INLINE void tinyc_softmax_s8_inline(int32_t rows, int32_t row, const int32_t *powers, const int8_t *x,
                                                 int8_t *y)
{
    for (int32_t r = 0; r < rows; ++r, x += row, y += row) {
        int32_t largest = x[0];
#pragma GCC unroll 4
        for (int32_t i = 1; i < row; ++i) {
            largest = x[i] > largest ? x[i] : largest;
        }
        const int32_t *const of_largest = powers + largest;
        uint32_t sum = 0;
#pragma GCC unroll 4
        for (int32_t i = 0; i < row; ++i) {
            sum += ((uint32_t)of_largest[-x[i]] + (1u << (TINYC_SUM_BITS - 1))) >> TINYC_SUM_BITS;
        }
        /* the sum is at least one: shifted to the top it is twice what is inverted, and a result is right of the point */
        const int32_t headroom = tinyc_softmax_headroom(sum);
        const int32_t inverse = tinyc_softmax_reciprocal((int32_t)((sum << headroom) >> 1));
        const int32_t right = TINYC_SUM_BITS + 23 - headroom;
        if (right > 31) {
            (void)memset(y, INT8_MIN, (size_t)row); /* all of so many are next to nothing */
            continue;
        }
        const uint32_t half = 1u << (right - 1);
#pragma GCC unroll 4
        for (int32_t i = 0; i < row; ++i) {
            const uint32_t share = (tinyc_softmax_share(of_largest[-x[i]], inverse) + half) >> right;
            y[i] = (int8_t)((int32_t)(share > 255 ? 255 : share) + INT8_MIN);
        }
    }
}

#endif
