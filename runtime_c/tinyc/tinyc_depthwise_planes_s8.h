/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Depthwise convolution on pairs of rows. The rows of a channel, less the zero point, are spread as int16 over words that
 * hold a cell of one row and, above it, the cell of the next: one SMLAD does two taps. Row pair u holds the rows
 * 2u - pad_top and 2u - pad_top + 1, and lies in slot u % slots of a ring; words [channel][column][slot], zeros around.
 *
 * A step makes two rows of the result where the stride is 1, else one. An upper row starts at the lower cell of its first
 * pair, so its last row of taps has only a lower cell; a lower row starts at an upper cell, so its first row has only
 * that. kernel_h is odd here: an even one has a row of zeros more.
 */
#ifndef TINYC_DEPTHWISE_PLANES_S8_H
#define TINYC_DEPTHWISE_PLANES_S8_H

#include "tinyc_planes.h"

#define TINYC_PLANES_MOST 6 /* results that are made together */

#if defined(TINYC_DSP) && defined(__OPTIMIZE__) && !defined(__clang__)
#define TINYC_PLANES_ASM 1

/* The compiler takes a line of assembly for one instruction, and must not take a .rept for less than it becomes. */
#define TINYC_PLANES_16_LINES "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"
#define TINYC_PLANES_64_LINES                                                                                          \
    TINYC_PLANES_16_LINES TINYC_PLANES_16_LINES TINYC_PLANES_16_LINES TINYC_PLANES_16_LINES

/* The sums of a block in assembly: each column of a slot is loaded once and goes to all results that see it, for which a
 * compiler runs out of registers. r12: x, lr: w, or what is loaded; sums and taps have the names sum0 and tap0 and so on.
 * Where the ring ends and where w goes on wait on the stack. */
#define TINYC_PLANES_ALL_TAPS(text)                                                                                    \
    ".irp tinyc_t, 0, 1, 2, 3, 4, 5, 6\n\t.if \\tinyc_t < %c[width]\n\t" text "\n\t.endif\n\t.endr\n\t"
#define TINYC_PLANES_NAMES                                                                                             \
    "tinyc_sum0 .req r0\n\ttinyc_sum1 .req r1\n\ttinyc_sum2 .req r2\n\ttinyc_sum3 .req r3\n\t"                         \
    "tinyc_sum4 .req r10\n\ttinyc_sum5 .req r11\n\ttinyc_tap0 .req r4\n\ttinyc_tap1 .req r5\n\t"                       \
    "tinyc_tap2 .req r6\n\ttinyc_tap3 .req r8\n\ttinyc_tap4 .req r9\n\ttinyc_tap5 .req r10\n\ttinyc_tap6 .req r11\n\t"
#define TINYC_PLANES_NO_NAMES                                                                                          \
    ".irp tinyc_i, sum0, sum1, sum2, sum3, sum4, sum5, tap0, tap1, tap2, tap3, tap4, tap5, tap6\n\t"                   \
    ".unreq tinyc_\\tinyc_i\n\t.endr\n\t"
#define TINYC_PLANES_MULTIPLY(instruction)                                                                             \
    ".set tinyc_column, 0\n\t.rept (%c[count] - 1) * %c[stride] + %c[width]\n\t"                                       \
    "ldr lr, [r12, #tinyc_column * %c[slots] * 4]\n\t.irp tinyc_o, 0, 1, 2, 3, 4, 5\n\t.if \\tinyc_o < %c[count]\n\t"    \
    TINYC_PLANES_ALL_TAPS(".if tinyc_column == \\tinyc_o * %c[stride] + \\tinyc_t\n\t" instruction                     \
                          " tinyc_sum\\tinyc_o, lr, tinyc_tap\\tinyc_t, tinyc_sum\\tinyc_o\n\t.endif")                   \
    ".endif\n\t.endr\n\t.set tinyc_column, tinyc_column + 1\n\t.endr\n\t"
#define TINYC_PLANES_NEXT_SLOT                                                                                         \
    "add r12, r12, #4\n\tldr lr, [sp]\n\tcmp r12, lr\n\tit eq\n\tsubeq r12, r12, #%c[slots] * 4\n\t"
#define TINYC_PLANES_LOAD                                                                                              \
    ".if %c[width] == 7\n\tldmia lr!, {r4-r6, r8-r11}\n\t.elseif %c[width] == 5\n\tldmia lr!, {r4-r6, r8-r9}\n\t"      \
    ".elseif %c[width] == 3\n\tldmia lr!, {r4-r6}\n\t.else\n\t"                                                      \
    TINYC_PLANES_ALL_TAPS("ldr tinyc_tap\\tinyc_t, [lr], #4") ".endif\n\t"
#define TINYC_PLANES_PAIRS(turned)                                                                                     \
    "ldr lr, [sp, #4]\n\t" TINYC_PLANES_LOAD "str lr, [sp, #4]\n\t"                                                   \
    TINYC_PLANES_ALL_TAPS("sxtb16 tinyc_tap\\tinyc_t, tinyc_tap\\tinyc_t" turned) TINYC_PLANES_MULTIPLY("smlad")
#define TINYC_PLANES_UPPER_SUMS                                                                                        \
    ".rept %c[pairs]\n\t" TINYC_PLANES_PAIRS("") TINYC_PLANES_NEXT_SLOT ".endr\n\tldr lr, [sp, #4]\n\t"                \
    TINYC_PLANES_ALL_TAPS("ldrsb tinyc_tap\\tinyc_t, [lr, #4 * (\\tinyc_t - %c[width]) + 3]")                          \
    TINYC_PLANES_MULTIPLY("smlabb")
#define TINYC_PLANES_LOWER_SUMS                                                                                        \
    TINYC_PLANES_ALL_TAPS("ldrsb tinyc_tap\\tinyc_t, [lr, #4 * \\tinyc_t]") TINYC_PLANES_MULTIPLY("smlatb")            \
    ".rept %c[pairs]\n\t" TINYC_PLANES_NEXT_SLOT TINYC_PLANES_PAIRS(", ror #8") ".endr\n\t"
#define TINYC_PLANES_TWO_MORE , "+r"(sum4), "+r"(sum5)
#define TINYC_PLANES_SUMS(SUMS, more, ...)                                                                             \
    __asm__ volatile("push {r4, lr}\n\t" TINYC_PLANES_NAMES SUMS TINYC_PLANES_NO_NAMES "add sp, sp, #8"                \
                     TINYC_PLANES_64_LINES TINYC_PLANES_64_LINES TINYC_PLANES_64_LINES TINYC_PLANES_64_LINES           \
                     TINYC_PLANES_64_LINES                                                                             \
                     : "+r"(sum0), "+r"(sum1), "+r"(sum2), "+r"(sum3), "+r"(cells), "+r"(taps), "+r"(end) more         \
                     : [count] "i"(count), [stride] "i"(p->stride_w), [width] "i"(p->kernel_w), [pairs] "i"(pairs),    \
                       [slots] "i"(slots)                                                                              \
                     : "r5", "r6", "r8", "r9", __VA_ARGS__ "cc", "memory")

#endif

/* Neighbouring results that share the loads of weights. */
TINYC_ALWAYS_INLINE int32_t tinyc_planes_block(const tinyc_depthwise_planes_params *p)
{
    return p->kernel_w <= 5 ? TINYC_PLANES_MOST : 4;
}

/* Adds the products of `count` neighbouring results, at most a block, to their sums; x is at the first column that they
 * see, w at the taps. */
TINYC_ALWAYS_INLINE void tinyc_planes_sums(const tinyc_depthwise_planes_params *p, int32_t count, int32_t lower,
                                           int32_t slot, const uint32_t *x, const int32_t *w, int32_t *sums)
{
    const int32_t pairs = p->kernel_h / 2, slots = pairs + 1;
#if defined(TINYC_PLANES_ASM)
    if (__builtin_constant_p(count) && __builtin_constant_p(p->kernel_w) && p->kernel_w <= 7 && slots <= 5) {
        register int32_t sum0 __asm__("r0") = sums[0];
        register int32_t sum1 __asm__("r1") = sums[1];
        register int32_t sum2 __asm__("r2") = sums[2];
        register int32_t sum3 __asm__("r3") = sums[3];
        register const uint32_t *end __asm__("r4") = x + slots;
        register const uint32_t *cells __asm__("r12") = x + slot;
        register const int32_t *taps __asm__("lr") = w;
        if (count > 4) {
            register int32_t sum4 __asm__("r10") = sums[4];
            register int32_t sum5 __asm__("r11") = sums[5];
            if (lower) {
                TINYC_PLANES_SUMS(TINYC_PLANES_LOWER_SUMS, TINYC_PLANES_TWO_MORE, );
            } else {
                TINYC_PLANES_SUMS(TINYC_PLANES_UPPER_SUMS, TINYC_PLANES_TWO_MORE, );
            }
            sums[4] = sum4;
            sums[5] = sum5;
        } else if (lower) {
            TINYC_PLANES_SUMS(TINYC_PLANES_LOWER_SUMS, , "r10", "r11", );
        } else {
            TINYC_PLANES_SUMS(TINYC_PLANES_UPPER_SUMS, , "r10", "r11", );
        }
        sums[0] = sum0;
        sums[1] = sum1;
        sums[2] = sum2;
        sums[3] = sum3;
        return;
    }
#endif
    for (int32_t j = 0; j < slots; ++j) {
        const int32_t at = slot + j < slots ? slot + j : slot + j - slots;
        /* an upper row is without a partner at its end, a lower one at its start */
        const int single = j == (lower ? 0 : pairs);
        const int32_t *const row = w + (single ? (lower ? 0 : pairs - 1) : j - lower) * p->kernel_w;
        for (int32_t i = 0; i < p->kernel_w; ++i) {
            const uint32_t taps = tinyc_planes_taps((uint32_t)row[i], lower);
            const int32_t tap = ((const int8_t *)(row + i))[lower ? 0 : 3];
#pragma GCC unroll 6
            for (int32_t o = 0; o < count; ++o) {
                const uint32_t cells = x[at + (o * p->stride_w + i) * slots];
                sums[o] = single ? tinyc_planes_dot1(cells, tap, sums[o], lower)
                                 : tinyc_planes_dot2(cells, taps, sums[o]);
            }
        }
    }
}

/* Where results go: bytes from one to the next of a row, and of the next channel; `half`: as int16, which are even. */
typedef struct {
    int32_t step, next;
    int half;
} tinyc_planes_out;

TINYC_ALWAYS_INLINE void tinyc_planes_put(int8_t *y, int32_t value, int half)
{
    if (half) {
        const int16_t wide = (int16_t)value;
        (void)memcpy(y, &wide, sizeof wide);
    } else {
        *y = (int8_t)value;
    }
}

/* These results; w is at the numbers of the channel. */
TINYC_ALWAYS_INLINE void tinyc_planes_results(const tinyc_depthwise_planes_params *p, int32_t count, int32_t lower,
                                              int32_t slot, const uint32_t *x, const int32_t *w, int8_t *y,
                                              const tinyc_planes_out *out)
{
    const int32_t bias = w[0];
    int32_t sums[TINYC_PLANES_MOST] = {bias, bias, bias, bias, bias, bias};
    int32_t scale[TINYC_SCALE_WORDS];
    for (int32_t i = 0; i < TINYC_SCALE_WORDS; ++i) {
        scale[i] = w[1 + i];
    }
    tinyc_planes_sums(p, count, lower, slot, x, w + 1 + TINYC_SCALE_WORDS, sums);
#pragma GCC unroll 6
    for (int32_t o = 0; o < count; ++o) {
        tinyc_planes_put(y + o * out->step, tinyc_value(&p->stage, sums[o], scale), out->half);
    }
}

#if defined(TINYC_PLANES_ASM) && defined(CMSIS_NN_USE_SINGLE_ROUNDING)
#define TINYC_PLANES_ROW_ASM 1

/* Kernels of three by three in assembly: all that a row of results needs stays in registers, which are all there are.
 *
 * r0: x, r1: y, r2: bias, r3: scale, r4, r8, r9: pairs of taps of the three columns, r5, r10: taps without a partner,
 * r6: what rounds and moves a result, r7, lr: a column in both slots, r11, r12: sums. The upper half of r5 counts. */

/* A column's taps for the sum of one result; `half` names the cell, and the lane that the single tap is in. */
#define TINYC_PLANES_TAPS(sum, from, cells, other, half, taps, single)                                                 \
    "smlad " sum ", " cells ", " taps ", " from "\n\tsmla" half " " sum ", " other ", " single ", " sum "\n\t"
#define TINYC_PLANES_RIGHT(sum, cells, other, half) TINYC_PLANES_TAPS(sum, sum, cells, other, half "b", "r4", "r5")
#define TINYC_PLANES_MIDDLE(sum, cells, other, half) TINYC_PLANES_TAPS(sum, sum, cells, other, half "t", "r9", "r10")
#define TINYC_PLANES_LEFT(sum, cells, other, half) TINYC_PLANES_TAPS(sum, "r2", cells, other, half "b", "r8", "r10")

#define TINYC_PLANES_NEXT "ldrd r7, lr, [r0], #8\n\t"

/* Where a step is too long to be added by a store, several go to offsets from r1, if these are near enough. */
#define TINYC_PLANES_PUT(store, sum)                                                                                   \
    ".if %c[step] < 256\n\t" store " " sum ", [r1], %[step]\n\t"                                                       \
    ".elseif %c[near]\n\t" store " " sum ", [r1, #tinyc_at]\n\t.set tinyc_at, tinyc_at + %c[step]\n\t"                \
    ".else\n\t" store " " sum ", [r1]\n\tadd r1, r1, %[step]\n\t.endif\n\t"
#define TINYC_PLANES_NEAR ".if %c[near]\n\tadd r1, r1, #tinyc_at\n\t.set tinyc_at, 0\n\t.endif\n\t"

#define TINYC_PLANES_STORE(sum)                                                                                        \
    "ssat " sum ", #8, " sum ", asr %[right]\n\t"                                                                      \
    ".if %c[low] > -128\n\tcmp " sum ", %[low]\n\tit lt\n\tmovlt " sum ", %[low]\n\t.endif\n\t"                        \
    ".if %c[high] < 127\n\tcmp " sum ", %[high]\n\tit gt\n\tmovgt " sum ", %[high]\n\t.endif\n\t"                      \
    ".if %c[half]\n\t" TINYC_PLANES_PUT("strh", sum) ".else\n\t" TINYC_PLANES_PUT("strb", sum) ".endif\n\t"

#define TINYC_PLANES_SCALE(sum) "smmla " sum ", " sum ", r3, r6\n\t"

/* With stride 1 two results are under way; the last column of one is the middle of the next. */
#define TINYC_PLANES_START1(...)                                                                                       \
    TINYC_PLANES_NEXT TINYC_PLANES_LEFT("r11", __VA_ARGS__) TINYC_PLANES_NEXT TINYC_PLANES_MIDDLE("r11", __VA_ARGS__)  \
    TINYC_PLANES_LEFT("r12", __VA_ARGS__)
#define TINYC_PLANES_ONE1(sum, other_sum, ...)                                                                         \
    TINYC_PLANES_NEXT TINYC_PLANES_RIGHT(sum, __VA_ARGS__) TINYC_PLANES_SCALE(sum)                                     \
    TINYC_PLANES_MIDDLE(other_sum, __VA_ARGS__) TINYC_PLANES_STORE(sum) TINYC_PLANES_LEFT(sum, __VA_ARGS__)
#define TINYC_PLANES_TWO1(...)                                                                                         \
    TINYC_PLANES_ONE1("r11", "r12", __VA_ARGS__) TINYC_PLANES_ONE1("r12", "r11", __VA_ARGS__)
#define TINYC_PLANES_END1(...)                                                                                         \
    TINYC_PLANES_NEXT TINYC_PLANES_RIGHT("r11", __VA_ARGS__) TINYC_PLANES_SCALE("r11") TINYC_PLANES_STORE("r11")

/* With stride 2 the last column of one is the first of the next. */
#define TINYC_PLANES_START2(...) TINYC_PLANES_NEXT TINYC_PLANES_LEFT("r11", __VA_ARGS__)
#define TINYC_PLANES_ONE2(sum, next_sum, ...)                                                                          \
    TINYC_PLANES_NEXT TINYC_PLANES_MIDDLE(sum, __VA_ARGS__) TINYC_PLANES_NEXT TINYC_PLANES_RIGHT(sum, __VA_ARGS__)     \
    TINYC_PLANES_SCALE(sum) TINYC_PLANES_LEFT(next_sum, __VA_ARGS__) TINYC_PLANES_STORE(sum)
#define TINYC_PLANES_TWO2(...)                                                                                         \
    TINYC_PLANES_ONE2("r11", "r12", __VA_ARGS__) TINYC_PLANES_ONE2("r12", "r11", __VA_ARGS__)
#define TINYC_PLANES_END2(...)                                                                                         \
    TINYC_PLANES_NEXT TINYC_PLANES_MIDDLE("r11", __VA_ARGS__) TINYC_PLANES_NEXT                                        \
    TINYC_PLANES_RIGHT("r11", __VA_ARGS__) TINYC_PLANES_SCALE("r11") TINYC_PLANES_STORE("r11")

/* Taps of words r8, r9, r10, one a column: pairs of all and the single ones of the first two, and that of the third. */
#define TINYC_PLANES_UPPER                                                                                             \
    "pkhtb lr, r9, r8, asr #16\n\tsxtb16 r8, r8\n\tsxtb16 r9, r9\n\tsxtb16 r4, r10\n\tasr r5, r10, #24\n\t"            \
    "sxtb16 r10, lr, ror #8\n\t"
#define TINYC_PLANES_LOWER                                                                                             \
    "pkhbt lr, r8, r9, lsl #16\n\tsxtb16 r8, r8, ror #8\n\tsxtb16 r9, r9, ror #8\n\tsxtb16 r4, r10, ror #8\n\t"        \
    "sxtb r5, r10\n\tsxtb16 r10, lr\n\t"

#define TINYC_PLANES_WRITTEN_OUT 4 /* pairs of results; more are a loop */

/* All channels of a row; the place and the end of w wait on the stack, with r7, which may be the frame pointer. */
#define TINYC_PLANES_ROW(TAPS, STRIDE, ...)                                                                            \
    __asm__ volatile("push {r2, r3, r7}\n\tmov r11, r2\n\tmovw r6, %[add_low]\n\tmovt r6, %[add_high]\n"               \
                     "2:\n\tldm r11!, {r2, r3, r8, r9, r10}\n\tstr r11, [sp]\n\t" TAPS                                 \
                     ".set tinyc_at, 0\n\t" TINYC_PLANES_START##STRIDE(__VA_ARGS__)                                    \
                     ".if %c[twos] > %c[written_out]\n\tmovt r5, %[twos] - 1\n"                                        \
                     "1:\n\t" TINYC_PLANES_TWO##STRIDE(__VA_ARGS__) TINYC_PLANES_NEAR "subs r5, r5, #0x10000\n\tbhs 1b\n\t"              \
                     ".else\n\t.rept %c[twos]\n\t" TINYC_PLANES_TWO##STRIDE(__VA_ARGS__) ".endr\n\t.endif\n\t"         \
                     ".if %c[odd]\n\t" TINYC_PLANES_END##STRIDE(__VA_ARGS__) ".endif\n\t"                              \
                     ".if %c[back] < 0\n\tadd r1, r1, #-(%c[back])\n\t"                                                \
                     ".elseif %c[back] < 4096\n\tsub r1, r1, %[back]\n\t"                                                  \
                     ".else\n\tmovw r11, %[back] & 65535\n\tmovt r11, %[back] >> 16\n\tsub r1, r1, r11\n\t.endif\n\t"   \
                     "ldrd r11, r12, [sp]\n\tcmp r11, r12\n\tbne 2b\n\tadd sp, sp, #8\n\tpop {r7}" TINYC_PLANES_64_LINES   \
                     : "+r"(from), "+r"(to), "+r"(numbers), "+r"(end)                                                  \
                     : [right] "i"(p->stage.right), [low] "i"(p->stage.low), [high] "i"(p->stage.high),                \
                       [step] "i"(out->step), [half] "i"(out->half), [near] "i"(near), [back] "i"(moved - out->next),  \
                       [twos] "i"(p->out_w / 2), [odd] "i"(p->out_w % 2), [written_out] "i"(TINYC_PLANES_WRITTEN_OUT), \
                       [add_low] "i"(add & 0xffff), [add_high] "i"(add >> 16)                                          \
                     : "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory")

/* Whether the assembly knows these numbers. */
TINYC_ALWAYS_INLINE int tinyc_planes_known(const tinyc_depthwise_planes_params *p, const tinyc_planes_out *out)
{
    return __builtin_constant_p(out->step) && __builtin_constant_p(p->out_w) && __builtin_constant_p(p->stage.right) &&
           p->kernel_h / 2 == 1 && p->kernel_w == 3 && p->multiplier == 1 && out->step < 4096 && p->out_w < 1024;
}

/* `slot` is that of the first pair: it is the first word of a column, or the second. */
TINYC_ALWAYS_INLINE void tinyc_planes_row3(const tinyc_depthwise_planes_params *p, int32_t channels, int32_t lower,
                                           int32_t slot, const uint32_t *x, const int32_t *w, int8_t *y,
                                           const tinyc_planes_out *out)
{
    const int loop = p->out_w / 2 > TINYC_PLANES_WRITTEN_OUT;
    const int near = out->step >= 256 && (loop ? 2 : p->out_w - 1) * out->step < 4096;
    const int32_t moved = (near ? (loop ? p->out_w / 2 * 2 : 0) : p->out_w) * out->step; /* y, until the row's end */
    const uint32_t add = ((uint32_t)p->stage.offset << p->stage.right) + (1u << (p->stage.right - 1));
    register const uint32_t *from __asm__("r0") = x;
    register int8_t *to __asm__("r1") = y;
    register const int32_t *numbers __asm__("r2") = w;
    register const int32_t *end __asm__("r3") = w + channels * 5;
    /* the pair of taps goes with the first pair of an upper row, and with the second of a lower one */
    if (p->stride_w == 1 && !lower) {
        if (slot == 0) {
            TINYC_PLANES_ROW(TINYC_PLANES_UPPER, 1, "r7", "lr", "b");
        } else {
            TINYC_PLANES_ROW(TINYC_PLANES_UPPER, 1, "lr", "r7", "b");
        }
    } else if (p->stride_w == 1) {
        if (slot == 0) {
            TINYC_PLANES_ROW(TINYC_PLANES_LOWER, 1, "lr", "r7", "t");
        } else {
            TINYC_PLANES_ROW(TINYC_PLANES_LOWER, 1, "r7", "lr", "t");
        }
    } else if (!lower) {
        if (slot == 0) {
            TINYC_PLANES_ROW(TINYC_PLANES_UPPER, 2, "r7", "lr", "b");
        } else {
            TINYC_PLANES_ROW(TINYC_PLANES_UPPER, 2, "lr", "r7", "b");
        }
    } else {
        if (slot == 0) {
            TINYC_PLANES_ROW(TINYC_PLANES_LOWER, 2, "lr", "r7", "t");
        } else {
            TINYC_PLANES_ROW(TINYC_PLANES_LOWER, 2, "r7", "lr", "t");
        }
    }
}

#endif

/* A row of results of some channels: w is at the first channel's numbers. */
TINYC_ALWAYS_INLINE void tinyc_planes_row(const tinyc_depthwise_planes_params *p, int32_t channels, int32_t lower,
                                          int32_t slot, const uint32_t *x, const int32_t *w, int8_t *y,
                                          const tinyc_planes_out *out)
{
    const int32_t pairs = p->kernel_h / 2, slots = pairs + 1, plane = tinyc_planes_columns(p) * slots;
    const int32_t step = out->step;
#if defined(TINYC_PLANES_ROW_ASM)
    if (tinyc_planes_known(p, out)) {
        tinyc_planes_row3(p, channels, lower, slot, x, w, y, out);
        return;
    }
#endif
    /* blocks of about the same size, the first `larger` of them a result larger; known sizes become code of their own */
    const int32_t most = tinyc_planes_block(p), blocks = (p->out_w + most - 1) / most;
    const int32_t size = p->out_w / blocks, larger = p->out_w % blocks;
    for (int32_t c = 0; c < channels; ++c, x += plane) {
        for (int32_t m = 0; m < p->multiplier; ++m, y += out->next) {
            const uint32_t *from = x;
            int8_t *to = y;
            for (int32_t b = 0; b < larger; ++b, from += (size + 1) * p->stride_w * slots, to += (size + 1) * step) {
                tinyc_planes_results(p, size + 1, lower, slot, from, w, to, out);
            }
            for (int32_t b = larger; b < blocks; ++b, from += size * p->stride_w * slots, to += size * step) {
                tinyc_planes_results(p, size, lower, slot, from, w, to, out);
            }
            w += 1 + TINYC_SCALE_WORDS + pairs * p->kernel_w;
        }
    }
}

/* Zeros for the columns of all slots that lie outside, and so are never written again. */
TINYC_ALWAYS_INLINE void tinyc_planes_clear(const tinyc_depthwise_planes_params *p, int32_t channels, uint32_t *to)
{
    const int32_t slots = p->kernel_h / 2 + 1, columns = tinyc_planes_columns(p);
    const int32_t left = tinyc_planes_least(p->pad_left, columns);
    const int32_t end = left + tinyc_planes_least(p->in_w, columns - left);
    for (int32_t c = 0; c < channels; ++c, to += columns * slots) {
        for (int32_t i = 0; i < left * slots; ++i) {
            to[i] = 0;
        }
        for (int32_t i = end * slots; i < columns * slots; ++i) {
            to[i] = 0;
        }
    }
}

/* The rows that a step makes, of some channels, up to the last of the image; `slot` is that of the step's first pair. */
TINYC_ALWAYS_INLINE void tinyc_planes_step(const tinyc_depthwise_planes_params *p, int32_t channels, int32_t row,
                                           int32_t slot, const uint32_t *planes, const int32_t *w, int8_t *y)
{
    const tinyc_planes_out out = {p->channels * p->multiplier, 1, 0};
    const int32_t out_row = p->out_w * out.step;
    tinyc_planes_row(p, channels, 0, slot, planes, w, y + row * out_row, &out);
    if (p->stride_h == 1 && row + 1 < p->out_h) {
        tinyc_planes_row(p, channels, 1, slot, planes, w, y + (row + 1) * out_row, &out);
    }
}

TINYC_ALWAYS_INLINE void tinyc_depthwise_planes_s8_inline(const tinyc_depthwise_planes_params *p, const int8_t *x,
                                                          const int32_t *w, uint32_t *planes, int8_t *y)
{
    const int32_t pairs = p->kernel_h / 2, slots = pairs + 1;
    const int32_t rows = p->stride_h == 1 ? 2 : 1, steps = (p->out_h + rows - 1) / rows;
    const int32_t words = (1 + TINYC_SCALE_WORDS + pairs * p->kernel_w) * p->multiplier; /* of w, for a channel of x */
    tinyc_planes_clear(p, tinyc_planes_least(p->block, p->channels), planes);
    for (int32_t n = 0; n < p->batches; ++n) {
        for (int32_t t = 0; p->again && t < steps; ++t) {
            for (int32_t first = 0; first < p->channels; first += p->block) {
                const int32_t channels = tinyc_planes_least(p->block, p->channels - first);
                for (int32_t j = 0; j < slots; ++j) {
                    tinyc_planes_spread(p, channels, 2 * (t + j) - p->pad_top, x + first, planes + j);
                }
                tinyc_planes_step(p, channels, t * rows, 0, planes, w + first * words, y + first * p->multiplier);
            }
        }
        for (int32_t first = 0; !p->again && first < p->channels; first += p->block) {
            const int32_t channels = tinyc_planes_least(p->block, p->channels - first);
            int32_t slot = 0; /* of the pair to come, and then of the oldest */
            for (int32_t u = 0; u < steps + pairs; ++u) {
                tinyc_planes_spread(p, channels, 2 * u - p->pad_top, x + first, planes + slot);
                slot = slot + 1 < slots ? slot + 1 : 0;
                if (u >= pairs) {
                    tinyc_planes_step(p, channels, (u - pairs) * rows, slot, planes, w + first * words,
                                      y + first * p->multiplier);
                }
            }
        }
        x += p->in_h * p->in_w * p->channels;
        y += p->out_h * p->out_w * p->channels * p->multiplier;
    }
}

#endif
