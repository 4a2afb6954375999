/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal: sums of products, two pixels times two filters at a time, on cores with the DSP extension.
 *
 * Values come in fours, q0 to q3, expanded to two words of two int16: `a` has q0 and q2, `b` what goes with q1 and q3.
 * A column of one pixel is a run of [a, b]; one of two pixels a run of [a, b of the first, a, b of the second].
 *
 * Weights are a stream in the order in which they are used. For each pair of filters f and g:
 *
 * - two words: where the sums start;
 * - wide: for each four values [f.a, f.b, g.a, g.b], where `a` holds weights 0 and 2, `b` weights 1 and 3;
 * - in bytes: for each eight values [f, g] of the first four, [f, g] of the last four. A word has the int16 values
 *   256 * w0 + w1 and 256 * w2 + w3, w0 and w2 not -128, and the low byte of each is w1 and w3: with
 *   b = 256 * q1 + (127 - q0), 256 * q3 + (127 - q2) two multiplications and one expansion make
 *   256 * (w0 q0 + w1 q1 + w2 q2 + w3 q3) + 127 * (w1 + w3). Sums may wrap around on their way to a result that fits;
 * - the words of both filters' scales.
 */
#ifndef TINYC_PAIRS_H
#define TINYC_PAIRS_H

#include "tinyc_simd.h"
#include "tinyc_stage.h"

/* The assembly takes all registers: whoever must compile with frame pointers defines TINYC_NO_ASSEMBLY. */
#if defined(TINYC_DSP) && defined(__OPTIMIZE__) && !defined(__clang__) && !defined(TINYC_NO_ASSEMBLY)
#define TINYC_PAIRS_ASM 1
#include "tinyc_pairs_asm.h"
#endif

/* Two int16 in a word. */
TINYC_ALWAYS_INLINE uint32_t tinyc_pairs_word(int32_t low, int32_t high)
{
    return ((uint32_t)low & 0xFFFFu) | (uint32_t)high << 16;
}

/* Four values as they stand in a column. */
TINYC_ALWAYS_INLINE void tinyc_pairs_expand(uint32_t values, int wide, uint32_t *two)
{
#if defined(TINYC_DSP)
    two[0] = tinyc_even(values);
    two[1] = wide ? tinyc_odd(values) : values ^ 0x007F007Fu;
#else
    two[0] = tinyc_pairs_word((int8_t)values, (int8_t)(values >> 16));
    two[1] = wide ? tinyc_pairs_word((int8_t)(values >> 8), (int8_t)(values >> 24)) : values ^ 0x007F007Fu;
#endif
}

/* Writes them; the next four stand `step` words further, which is returned. */
TINYC_ALWAYS_INLINE uint32_t *tinyc_pairs_put(uint32_t *column, int32_t step, const uint32_t *two)
{
#if defined(TINYC_PAIRS_ASM)
    if (__builtin_constant_p(step)) {
        __asm__ volatile("strd %1, %2, [%0], %3" : "+r"(column) : "r"(two[0]), "r"(two[1]), "i"(4 * step) : "memory");
        return column;
    }
#endif
    column[0] = two[0];
    column[1] = two[1];
    return column + step;
}

TINYC_ALWAYS_INLINE uint32_t *tinyc_pairs_put_values(uint32_t *column, int32_t step, uint32_t values, int wide)
{
    uint32_t two[2];
    tinyc_pairs_expand(values, wide, two);
    return tinyc_pairs_put(column, step, two);
}

#if !defined(TINYC_PAIRS_ASM)

/* sum + a.0 * b.0 + a.1 * b.1 of int16, modulo 2^32. */
TINYC_ALWAYS_INLINE int32_t tinyc_pairs_dot(uint32_t a, uint32_t b, int32_t sum)
{
#if defined(TINYC_DSP)
    return tinyc_dot2(a, b, sum);
#else
    const int32_t low = (int16_t)a * (int16_t)b;
    const int32_t high = (int16_t)(a >> 16) * (int16_t)(b >> 16);
    return (int32_t)((uint32_t)sum + (uint32_t)low + (uint32_t)high);
#endif
}

/* `fours` times four values of each of `pixels` pixels. */
TINYC_ALWAYS_INLINE const int32_t *tinyc_pairs_portable(int32_t *sums, const uint32_t *column, const int32_t *w,
                                                        int32_t fours, int32_t pixels, int wide)
{
    for (; fours > 0; fours--, w += wide ? 4 : 2) {
        for (int32_t filter = 0; filter < 2; filter++) {
            const uint32_t first = (uint32_t)w[wide ? 2 * filter : filter];
            const uint32_t low_bytes = tinyc_pairs_word((int8_t)first, (int8_t)(first >> 16));
            const uint32_t second = wide ? (uint32_t)w[2 * filter + 1] : low_bytes;
            for (int32_t pixel = 0; pixel < pixels; pixel++) {
                const int32_t sum = tinyc_pairs_dot(first, column[2 * pixel], sums[2 * pixel + filter]);
                sums[2 * pixel + filter] = tinyc_pairs_dot(second, column[2 * pixel + 1], sum);
            }
        }
        column += 2 * pixels;
    }
    return w;
}

#endif

/* Two words, and where those behind them are. */
TINYC_ALWAYS_INLINE const int32_t *tinyc_pairs_next(const int32_t *from, int32_t *two)
{
#if defined(TINYC_PAIRS_ASM)
    __asm__ volatile("ldrd %0, %1, [%2], #8" : "=&r"(two[0]), "=&r"(two[1]), "+r"(from) : : "memory");
    return from;
#else
    two[0] = from[0];
    two[1] = from[1];
    return from + 2;
#endif
}

/* The sums [pixel][filter] of a column of two pixels with the next pair of filters; `fours` times four values, an even
 * number where weights are in bytes. Returns where the weights go on. */
TINYC_ALWAYS_INLINE const int32_t *tinyc_pairs_of_two(int32_t *sums, const uint32_t *column, const int32_t *w,
                                                      int32_t fours, int wide)
{
#if defined(TINYC_PAIRS_ASM)
    int32_t f0, g0, f1, g1;
    if (wide && __builtin_constant_p(fours)) {
        TINYC_PAIRS_ROUNDS(TINYC_PAIRS_START1 TINYC_PAIRS_WIDE2(TINYC_PAIRS_FIRST2), 4,
                           TINYC_PAIRS_WIDE2(TINYC_PAIRS_DOT2), 4, fours - 1, TINYC_PAIRS_SUMS2, 16);
    } else if (wide) {
        TINYC_PAIRS_LOOP(TINYC_PAIRS_START2, 0, TINYC_PAIRS_WIDE2(TINYC_PAIRS_DOT2), 4, fours, TINYC_PAIRS_SUMS2);
    } else if (__builtin_constant_p(fours)) {
        TINYC_PAIRS_ROUNDS(TINYC_PAIRS_START1 TINYC_PAIRS_BYTES2(TINYC_PAIRS_FIRST2), 8,
                           TINYC_PAIRS_BYTES2(TINYC_PAIRS_DOT2), 8, fours / 2 - 1, TINYC_PAIRS_SUMS2, 8);
    } else {
        TINYC_PAIRS_LOOP(TINYC_PAIRS_START2, 0, TINYC_PAIRS_BYTES2(TINYC_PAIRS_DOT2), 8, fours / 2, TINYC_PAIRS_SUMS2);
    }
    sums[0] = f0;
    sums[1] = g0;
    sums[2] = f1;
    sums[3] = g1;
    return w;
#else
    w = tinyc_pairs_next(w, sums);
    sums[2] = sums[0];
    sums[3] = sums[1];
    return tinyc_pairs_portable(sums, column, w, fours, 2, wide);
#endif
}

/* The same with a column of one pixel. */
TINYC_ALWAYS_INLINE const int32_t *tinyc_pairs_of_one(int32_t *sums, const uint32_t *column, const int32_t *w,
                                                      int32_t fours, int wide)
{
#if defined(TINYC_PAIRS_ASM)
    int32_t f0, g0;
    if (wide && !__builtin_constant_p(fours)) {
        TINYC_PAIRS_LOOP(TINYC_PAIRS_START1, 0, TINYC_PAIRS_WIDE1_HALF, 2, fours, TINYC_PAIRS_SUMS1);
    } else if (wide && fours % 2 != 0) {
        TINYC_PAIRS_ROUNDS(TINYC_PAIRS_START1 TINYC_PAIRS_WIDE1_HALF, 2, TINYC_PAIRS_WIDE1, 4, fours / 2,
                           TINYC_PAIRS_SUMS1, 8);
    } else if (wide) {
        TINYC_PAIRS_ROUNDS(TINYC_PAIRS_START1, 0, TINYC_PAIRS_WIDE1, 4, fours / 2, TINYC_PAIRS_SUMS1, 8);
    } else if (__builtin_constant_p(fours)) {
        TINYC_PAIRS_ROUNDS(TINYC_PAIRS_START1, 0, TINYC_PAIRS_BYTES1, 4, fours / 2, TINYC_PAIRS_SUMS1, 8);
    } else {
        TINYC_PAIRS_LOOP(TINYC_PAIRS_START1, 0, TINYC_PAIRS_BYTES1, 4, fours / 2, TINYC_PAIRS_SUMS1);
    }
    sums[0] = f0;
    sums[1] = g0;
    return w;
#else
    return tinyc_pairs_portable(sums, column, tinyc_pairs_next(w, sums), fours, 1, wide);
#endif
}

/* The results of out_c filters for one pixel, or for two, `apart` bytes apart, from their column. */
TINYC_ALWAYS_INLINE void tinyc_pairs_results(const tinyc_stage *stage, const uint32_t *column, int32_t fours,
                                             const int32_t *w, int8_t *results, int32_t apart, int32_t out_c,
                                             int32_t pixels, int wide)
{
#if defined(TINYC_PAIRS_ASM) && TINYC_SCALE_WORDS == 1
    if (__builtin_constant_p(fours) && __builtin_constant_p(stage->right) && stage->low == -128 && stage->high == 127 &&
        pixels == 2) {
        const int32_t start = (int32_t)((uint32_t)stage->offset << stage->right) + (1 << (stage->right - 1));
        int8_t *y[2] = {results, results + out_c + out_c % 2};
        if (__builtin_constant_p(apart) && apart <= 4096) {
            const int32_t add = start;
            if (out_c % 2 == 0) {
                TINYC_PAIRS_ALL_FILTERS(apart - 2, apart - 1, TINYC_PAIRS_RESULTS2 TINYC_PAIRS_STORE2);
            } else {
                TINYC_PAIRS_ALL_FILTERS(apart - 2, apart - 1, TINYC_PAIRS_RESULTS2 TINYC_PAIRS_STORE2_ODD);
            }
        } else {
            const int32_t add[2] = {start, apart};
            if (out_c % 2 == 0) {
                TINYC_PAIRS_ALL_FILTERS(0, 0, TINYC_PAIRS_RESULTS2_APART TINYC_PAIRS_STORE2_APART);
            } else {
                TINYC_PAIRS_ALL_FILTERS(0, 0, TINYC_PAIRS_RESULTS2_APART TINYC_PAIRS_STORE2_APART_ODD);
            }
        }
        return;
    }
#endif
    for (int32_t o = 0; o < out_c; o += 2) {
        int32_t sums[4];
        int32_t scales[2 * TINYC_SCALE_WORDS];
        if (pixels == 2) {
            w = tinyc_pairs_of_two(sums, column, w, fours, wide);
        } else {
            w = tinyc_pairs_of_one(sums, column, w, fours, wide);
        }
        for (int32_t i = 0; i < TINYC_SCALE_WORDS; i++) {
            w = tinyc_pairs_next(w, scales + 2 * i);
        }
        const int both = out_c % 2 == 0 || o + 1 < out_c;
        for (int32_t pixel = 0; pixel < pixels; pixel++) {
            int8_t *const y = results + pixel * apart + o;
            y[0] = tinyc_result(stage, sums[2 * pixel], scales);
            if (both) {
                y[1] = tinyc_result(stage, sums[2 * pixel + 1], scales + TINYC_SCALE_WORDS);
            }
        }
    }
}

#endif
