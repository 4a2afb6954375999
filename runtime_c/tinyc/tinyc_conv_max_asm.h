/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: the assembly of tinyc_conv_max_s8.h, made of that of tinyc_pairs.h, with the same names of registers. */
#ifndef TINYC_CONV_MAX_ASM_H
#define TINYC_CONV_MAX_ASM_H

#include "tinyc_pairs_asm.h"

#define TINYC_PAIRS_LARGER(a, b) "cmp " a ", " b "\n\tit lt\n\tmovlt " a ", " b "\n\t"
/* Of the sums of two pixels the larger, in the registers of the first. */
#define TINYC_PAIRS_LARGER_OF2 TINYC_PAIRS_LARGER("%[f0]", "%[f1]") TINYC_PAIRS_LARGER("%[g0]", "%[g1]")

/* From sums of one pixel to results, by a stage that rounds once and does not clamp; y[0] goes up to y[1]. */
#define TINYC_PAIRS_RESULTS1                                                                                           \
    "ldrd r4, r5, [%[w]], #8\n\tldr r6, %[add]\n\tldrd r8, r9, %[y]\n\t" TINYC_PAIRS_RESULT("f0", "r4")                \
    TINYC_PAIRS_RESULT("g0", "r5")
#define TINYC_PAIRS_STORE1 "strb %[f0], [r8], #1\n\tstrb %[g0], [r8], #1\n\tstr r8, %[y]\n\tcmp r8, r9\n\tbne 2b"
/* The last filter of an odd number is alone; y[1] is one further than the end. */
#define TINYC_PAIRS_STORE1_ODD                                                                                         \
    "strb %[f0], [r8], #2\n\tcmp r8, r9\n\tit ne\n\tstrbne %[g0], [r8, #-1]\n\tstr r8, %[y]\n\tbne 2b"

/* From one column of two pixels to the next one, with the same filters: the larger sums wait in memory. */
#define TINYC_PAIRS_AGAIN                                                                                              \
    TINYC_PAIRS_LARGER_OF2 "strd %[f0], %[g0], %[most]\n\t.if %c[back] > 4095\n\t"                                     \
    "sub %[w], %[w], #(%c[back] / 4096 * 4096)\n\t.endif\n\tsubw %[w], %[w], #(%c[back] %% 4096)\n\t"
#define TINYC_PAIRS_LARGEST                                                                                            \
    TINYC_PAIRS_LARGER_OF2 "ldrd r4, r5, %[most]\n\t" TINYC_PAIRS_LARGER("%[f0]", "r4")                                \
    TINYC_PAIRS_LARGER("%[g0]", "r5")

/* All filters over two columns of two pixels, for constants; `back`: bytes of weights of a pair of filters. TAIL makes
 * results of the largest sums and stores them. */
#define TINYC_PAIRS_MAX_FILTERS(HEAD, before, STEP, words, count, per_round, back_bytes, TAIL)                         \
    do {                                                                                                               \
        const int32_t rounds = ((count) + (per_round) - 1) / (per_round);                                              \
        const uint32_t *at;                                                                                            \
        int32_t f0, g0, f1, g1, most[2];                                                                               \
        if (rounds <= 1) {                                                                                             \
            __asm__ volatile("2:\n\tldr %[x], %[column]\n\t" HEAD ".rept %c[n]\n\t" STEP                               \
                             ".endr\n\t" TINYC_PAIRS_AGAIN HEAD ".rept %c[n]\n\t" STEP                                 \
                             ".endr\n\t" TINYC_PAIRS_LARGEST TAIL TINYC_PAIRS_ROOM TINYC_PAIRS_ROOM                    \
                             : TINYC_PAIRS_SUMS2, [x] "=&r"(at), [w] "+r"(w), [y] "+m"(y), [most] "=m"(most)           \
                             : [column] "m"(column), [n] "i"(count), [add] "m"(add), [right] "i"(stage->right),        \
                               [back] "i"(back_bytes)                                                                  \
                             : TINYC_PAIRS_CLOBBERS);                                                                  \
        } else {                                                                                                       \
            const uint32_t *const first = column + (before) + (words) * ((count) - (count) % rounds);                  \
            const uint32_t *const end[2] = {first, first + (before) + (words) * (count)};                              \
            __asm__ volatile("2:\n\tldr %[x], %[column]\n\t" HEAD "1:\n\t.rept %c[n]\n\t" STEP                         \
                             ".endr\n\tldr r4, %[end]\n\tcmp %[x], r4\n\tbne 1b\n\t.rept %c[rest]\n\t" STEP            \
                             ".endr\n\t" TINYC_PAIRS_AGAIN HEAD "3:\n\t.rept %c[n]\n\t" STEP                           \
                             ".endr\n\tldrd r4, r5, %[end]\n\tcmp %[x], r5\n\tbne 3b\n\t.rept %c[rest]\n\t" STEP       \
                             ".endr\n\t" TINYC_PAIRS_LARGEST TAIL TINYC_PAIRS_ROOM TINYC_PAIRS_ROOM                    \
                             : TINYC_PAIRS_SUMS2, [x] "=&r"(at), [w] "+r"(w), [y] "+m"(y), [most] "=m"(most)           \
                             : [column] "m"(column), [end] "m"(end), [n] "i"((count) / rounds),                        \
                               [rest] "i"((count) % rounds), [add] "m"(add), [right] "i"(stage->right),                \
                               [back] "i"(back_bytes)                                                                  \
                             : TINYC_PAIRS_CLOBBERS);                                                                  \
        }                                                                                                              \
    } while (0)
#define TINYC_PAIRS_WIDE_MAX_FILTERS(TAIL)                                                                             \
    TINYC_PAIRS_MAX_FILTERS(TINYC_PAIRS_START1 TINYC_PAIRS_WIDE2(TINYC_PAIRS_FIRST2), 4,                               \
                            TINYC_PAIRS_WIDE2(TINYC_PAIRS_DOT2), 4, fours - 1, 16, 8 + 16 * fours, TAIL)
#define TINYC_PAIRS_BYTES_MAX_FILTERS(TAIL)                                                                            \
    TINYC_PAIRS_MAX_FILTERS(TINYC_PAIRS_START1 TINYC_PAIRS_BYTES2(TINYC_PAIRS_FIRST2), 8,                              \
                            TINYC_PAIRS_BYTES2(TINYC_PAIRS_DOT2), 8, fours / 2 - 1, 8, 8 + 8 * fours, TAIL)

#endif
