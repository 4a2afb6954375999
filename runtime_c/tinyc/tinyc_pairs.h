/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal: sums of products, two pixels times two filters at a time, in the registers of a core with the DSP extension.
 *
 * Values come in fours, q0 to q3, expanded to two words of two int16: `a` holds q0 and q2, `b` what goes with q1 and q3.
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
 *
 * Fourteen registers are just enough for four sums, eight operands and two addresses, which a compiler does not find:
 * hence the assembly.
 */
#ifndef TINYC_PAIRS_H
#define TINYC_PAIRS_H

#include "tinyc_simd.h"
#include "tinyc_stage.h"

#if defined(TINYC_DSP) && defined(__OPTIMIZE__) && !defined(__clang__)
#define TINYC_PAIRS_ASM 1
#endif

/* Two int16 in a word. */
TINYC_ALWAYS_INLINE uint32_t tinyc_pairs_word(int32_t low, int32_t high)
{
    return ((uint32_t)low & 0xFFFFu) | (uint32_t)high << 16;
}

/* Four values as they stand in a column. */
TINYC_ALWAYS_INLINE void tinyc_pairs_expand(uint32_t values, int wide, uint32_t *column)
{
#if defined(TINYC_DSP)
    column[0] = tinyc_even(values);
    column[1] = wide ? tinyc_odd(values) : values ^ 0x007F007Fu;
#else
    column[0] = tinyc_pairs_word((int8_t)values, (int8_t)(values >> 16));
    column[1] = wide ? tinyc_pairs_word((int8_t)(values >> 8), (int8_t)(values >> 24)) : values ^ 0x007F007Fu;
#endif
}

#if defined(TINYC_PAIRS_ASM)

/* Steps that are written out at most; more are a loop. */
#define TINYC_PAIRS_ROUND 16

/* The compiler takes a line of assembly for one instruction, and must not take a .rept for less than it becomes. */
#define TINYC_PAIRS_16_LINES "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"
#define TINYC_PAIRS_64_LINES TINYC_PAIRS_16_LINES TINYC_PAIRS_16_LINES TINYC_PAIRS_16_LINES TINYC_PAIRS_16_LINES
#define TINYC_PAIRS_ROOM TINYC_PAIRS_64_LINES TINYC_PAIRS_64_LINES TINYC_PAIRS_64_LINES

/* `first` and `rest`: the weights of a step over one column that go with `a`, and those that go with `b`. */
#define TINYC_PAIRS_DOT(sum, weights, values) "smlad %[" sum "], " weights ", " values ", %[" sum "]\n\t"
#define TINYC_PAIRS_DOT2(f, g, values, values2)                                                                        \
    TINYC_PAIRS_DOT("f0", f, values)                                                                                   \
    TINYC_PAIRS_DOT("g0", g, values) TINYC_PAIRS_DOT("f1", f, values2) TINYC_PAIRS_DOT("g1", g, values2)
#define TINYC_PAIRS_DOT1(f, g, values) TINYC_PAIRS_DOT("f0", f, values) TINYC_PAIRS_DOT("g0", g, values)
#define TINYC_PAIRS_LOAD_X "ldmia %[x]!, {r4-r7}\n\t"
#define TINYC_PAIRS_LOAD_W "ldmia %[w]!, {r8-r11}\n\t"
#define TINYC_PAIRS_ODD(f, g) "sxtb16 " f ", " f "\n\tsxtb16 " g ", " g "\n\t"

/* Four values of two pixels, wide weights. */
#define TINYC_PAIRS_WIDE2                                                                                              \
    TINYC_PAIRS_LOAD_X TINYC_PAIRS_LOAD_W TINYC_PAIRS_DOT2("r8", "r10", "r4", "r6")                                    \
    TINYC_PAIRS_DOT2("r9", "r11", "r5", "r7")
/* Eight values of two pixels, weights in bytes. */
#define TINYC_PAIRS_BYTES2                                                                                             \
    TINYC_PAIRS_LOAD_W TINYC_PAIRS_LOAD_X TINYC_PAIRS_DOT2("r8", "r9", "r4", "r6") TINYC_PAIRS_ODD("r8", "r9")         \
    TINYC_PAIRS_DOT2("r8", "r9", "r5", "r7")                                                                           \
    TINYC_PAIRS_LOAD_X TINYC_PAIRS_DOT2("r10", "r11", "r4", "r6") TINYC_PAIRS_ODD("r10", "r11")                        \
    TINYC_PAIRS_DOT2("r10", "r11", "r5", "r7")
/* Eight values of one pixel. */
#define TINYC_PAIRS_WIDE1                                                                                              \
    TINYC_PAIRS_LOAD_X TINYC_PAIRS_LOAD_W TINYC_PAIRS_DOT1("r8", "r10", "r4") TINYC_PAIRS_DOT1("r9", "r11", "r5")      \
    TINYC_PAIRS_LOAD_W TINYC_PAIRS_DOT1("r8", "r10", "r6") TINYC_PAIRS_DOT1("r9", "r11", "r7")
#define TINYC_PAIRS_BYTES1                                                                                             \
    TINYC_PAIRS_LOAD_X TINYC_PAIRS_LOAD_W TINYC_PAIRS_DOT1("r8", "r9", "r4") TINYC_PAIRS_ODD("r8", "r9")               \
    TINYC_PAIRS_DOT1("r8", "r9", "r5") TINYC_PAIRS_DOT1("r10", "r11", "r6") TINYC_PAIRS_ODD("r10", "r11")              \
    TINYC_PAIRS_DOT1("r10", "r11", "r7")

#define TINYC_PAIRS_CLOBBERS "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "cc", "memory"
#define TINYC_PAIRS_SUMS2 [f0] "+r"(sums[0]), [g0] "+r"(sums[1]), [f1] "+r"(sums[2]), [g1] "+r"(sums[3])
#define TINYC_PAIRS_SUMS1 [f0] "+r"(sums[0]), [g0] "+r"(sums[1])

/* `STEP`, which takes `words` of the column, `count` times, at least once. No register is left to count in: the end of
 * the column waits on the stack. */
#define TINYC_PAIRS_RUN(STEP, SUMS, words, count)                                                                      \
    do {                                                                                                               \
        if (!__builtin_constant_p(count)) {                                                                            \
            const uint32_t *const end = column + (words) * (count);                                                    \
            __asm__ volatile("1:\n\t" STEP "ldr r4, %[end]\n\tcmp %[x], r4\n\tbne 1b"                                  \
                             : SUMS, [x] "+r"(column), [w] "+r"(w)                                                     \
                             : [end] "m"(end)                                                                          \
                             : TINYC_PAIRS_CLOBBERS);                                                                  \
        } else if ((count) <= TINYC_PAIRS_ROUND / ((words) / 4)) {                                                     \
            __asm__ volatile(".rept %c[n]\n\t" STEP ".endr" TINYC_PAIRS_ROOM                                           \
                             : SUMS, [x] "+r"(column), [w] "+r"(w)                                                     \
                             : [n] "i"(count)                                                                          \
                             : TINYC_PAIRS_CLOBBERS);                                                                  \
        } else {                                                                                                       \
            const int32_t most = TINYC_PAIRS_ROUND / ((words) / 4);                                                    \
            const int32_t rounds = ((count) + most - 1) / most;                                                        \
            const uint32_t *const end = column + (words) * ((count) - (count) % rounds);                               \
            __asm__ volatile("1:\n\t.rept %c[n]\n\t" STEP ".endr\n\tldr r4, %[end]\n\tcmp %[x], r4\n\tbne 1b\n\t"      \
                             ".rept %c[rest]\n\t" STEP ".endr" TINYC_PAIRS_ROOM                                        \
                             : SUMS, [x] "+r"(column), [w] "+r"(w)                                                     \
                             : [end] "m"(end), [n] "i"((count) / rounds), [rest] "i"((count) % rounds)                 \
                             : TINYC_PAIRS_CLOBBERS);                                                                  \
        }                                                                                                              \
    } while (0)

#endif

#if !defined(TINYC_PAIRS_ASM)

/* sum + a.0 * b.0 + a.1 * b.1 of int16, modulo 2^32. */
TINYC_ALWAYS_INLINE int32_t tinyc_pairs_dot(uint32_t a, uint32_t b, int32_t sum)
{
    const int32_t low = (int16_t)a * (int16_t)b;
    const int32_t high = (int16_t)(a >> 16) * (int16_t)(b >> 16);
    return (int32_t)((uint32_t)sum + (uint32_t)low + (uint32_t)high);
}

/* `fours` times four values of each of `pixels` pixels. */
TINYC_ALWAYS_INLINE const int32_t *tinyc_pairs_portable(int32_t *sums, const uint32_t *column, const int32_t *w,
                                                        int32_t fours, int32_t pixels, int wide)
{
    for (; fours > 0; fours--, w += wide ? 4 : 2) {
        for (int32_t filter = 0; filter < 2; filter++) {
            const uint32_t first = (uint32_t)w[wide ? 2 * filter : filter];
            const uint32_t second = wide ? (uint32_t)w[2 * filter + 1] : tinyc_pairs_word((int8_t)first, (int8_t)(first >> 16));
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

/* Adds the products of a column of two pixels, and of the next pair of filters, to sums [pixel][filter]; `fours` times
 * four values, a multiple of 8 values where weights are in bytes. Returns where the weights go on. */
TINYC_ALWAYS_INLINE const int32_t *tinyc_pairs_of_two(int32_t *sums, const uint32_t *column, const int32_t *w,
                                                      int32_t fours, int wide)
{
#if defined(TINYC_PAIRS_ASM)
    if (wide) {
        TINYC_PAIRS_RUN(TINYC_PAIRS_WIDE2, TINYC_PAIRS_SUMS2, 4, fours);
    } else {
        TINYC_PAIRS_RUN(TINYC_PAIRS_BYTES2, TINYC_PAIRS_SUMS2, 8, fours / 2);
    }
    return w;
#else
    return tinyc_pairs_portable(sums, column, w, fours, 2, wide);
#endif
}

/* The same with a column of one pixel. */
TINYC_ALWAYS_INLINE const int32_t *tinyc_pairs_of_one(int32_t *sums, const uint32_t *column, const int32_t *w,
                                                      int32_t fours, int wide)
{
#if defined(TINYC_PAIRS_ASM)
    if (!wide) {
        TINYC_PAIRS_RUN(TINYC_PAIRS_BYTES1, TINYC_PAIRS_SUMS1, 4, fours / 2);
        return w;
    }
    if (fours > 1) {
        TINYC_PAIRS_RUN(TINYC_PAIRS_WIDE1, TINYC_PAIRS_SUMS1, 4, fours / 2);
    }
    if (fours % 2 != 0) {
        __asm__ volatile("ldmia %[x]!, {r4-r5}\n\t" TINYC_PAIRS_LOAD_W TINYC_PAIRS_DOT1("r8", "r10", "r4")
                             TINYC_PAIRS_DOT1("r9", "r11", "r5")
                         : TINYC_PAIRS_SUMS1, [x] "+r"(column), [w] "+r"(w)
                         :
                         : TINYC_PAIRS_CLOBBERS);
    }
    return w;
#else
    return tinyc_pairs_portable(sums, column, w, fours, 1, wide);
#endif
}

#endif
