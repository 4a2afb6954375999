/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: products of a column with four rows of bytes at a time, so that it is loaded and expanded once for all. */
#ifndef TINYC_DOT_ROWS_H
#define TINYC_DOT_ROWS_H

#include "tinyc_simd.h"
#include "tinyc_stage.h"

/* How many of n elements tinyc_dot_four_rows took: it adds to four sums the products of x with rows `step` bytes apart. */
#if defined(TINYC_MVE)

/* A loop with tail predication, which GCC does not make of intrinsics. */
TINYC_ALWAYS_INLINE int32_t tinyc_dot_four_rows(int32_t n, int32_t step, const int8_t *x, const int8_t *w, int32_t *sums)
{
    const int8_t *w1 = w + step;
    const int8_t *w2 = w1 + step;
    const int8_t *w3 = w2 + step;
    int32_t s0 = sums[0];
    int32_t s1 = sums[1];
    int32_t s2 = sums[2];
    int32_t s3 = sums[3];
    __asm__ volatile("wlstp.8 lr, %[n], 2f\n"
                     "1:\n\t"
                     "vldrb.8 q0, [%[x]], #16\n\t"
                     "vldrb.8 q1, [%[w]], #16\n\t"
                     "vmladava.s8 %[s0], q0, q1\n\t"
                     "vldrb.8 q2, [%[w1]], #16\n\t"
                     "vmladava.s8 %[s1], q0, q2\n\t"
                     "vldrb.8 q1, [%[w2]], #16\n\t"
                     "vmladava.s8 %[s2], q0, q1\n\t"
                     "vldrb.8 q2, [%[w3]], #16\n\t"
                     "vmladava.s8 %[s3], q0, q2\n\t"
                     "letp lr, 1b\n"
                     "2:"
                     : [x] "+r"(x), [w] "+r"(w), [w1] "+r"(w1), [w2] "+r"(w2), [w3] "+r"(w3), [s0] "+Te"(s0),
                       [s1] "+Te"(s1), [s2] "+Te"(s2), [s3] "+Te"(s3)
                     : [n] "r"(n)
                     : "q0", "q1", "q2", "lr", "memory");
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
    return n;
}

#elif defined(TINYC_DSP)

TINYC_ALWAYS_INLINE int32_t tinyc_dot_four(uint32_t even, uint32_t odd, const int8_t *w, int32_t sum)
{
    const uint32_t factors = tinyc_load_s8x4(w);
    return tinyc_dot2(odd, tinyc_odd(factors), tinyc_dot2(even, tinyc_even(factors), sum));
}

TINYC_ALWAYS_INLINE int32_t tinyc_dot_four_rows(int32_t n, int32_t step, const int8_t *x, const int8_t *w, int32_t *sums)
{
    const int8_t *w2 = w + 2 * step;
    int32_t s0 = sums[0];
    int32_t s1 = sums[1];
    int32_t s2 = sums[2];
    int32_t s3 = sums[3];
    for (const int8_t *const end = x + (n & ~3); x != end; x += 4, w += 4, w2 += 4) {
        const uint32_t values = tinyc_load_s8x4(x);
        const uint32_t even = tinyc_even(values);
        const uint32_t odd = tinyc_odd(values);
        s0 = tinyc_dot_four(even, odd, w, s0);
        s1 = tinyc_dot_four(even, odd, w + step, s1);
        s2 = tinyc_dot_four(even, odd, w2, s2);
        s3 = tinyc_dot_four(even, odd, w2 + step, s3);
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
    return n & ~3;
}

#else

TINYC_ALWAYS_INLINE int32_t tinyc_dot_four_rows(int32_t n, int32_t step, const int8_t *x, const int8_t *w, int32_t *sums)
{
    const int8_t *const w2 = w + 2 * step;
    int32_t s0 = sums[0];
    int32_t s1 = sums[1];
    int32_t s2 = sums[2];
    int32_t s3 = sums[3];
    for (int32_t i = 0; i < n; ++i) {
        const int32_t value = x[i];
        s0 += value * w[i];
        s1 += value * w[step + i];
        s2 += value * w2[i];
        s3 += value * w2[step + i];
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
    return n;
}

#endif

#endif
