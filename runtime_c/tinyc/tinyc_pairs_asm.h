/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal: the assembly of tinyc_pairs.h. Fourteen registers are just enough for four sums, eight operands and two
 * addresses, which a compiler does not find. f and g are the filters, 0 and 1 the pixels; x is the column.
 */
#ifndef TINYC_PAIRS_ASM_H
#define TINYC_PAIRS_ASM_H

#include <stdint.h>

/* The compiler takes a line of assembly for one instruction, and must not take a .rept for less than it becomes. */
#define TINYC_PAIRS_16_LINES "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"
#define TINYC_PAIRS_64_LINES TINYC_PAIRS_16_LINES TINYC_PAIRS_16_LINES TINYC_PAIRS_16_LINES TINYC_PAIRS_16_LINES
#define TINYC_PAIRS_ROOM TINYC_PAIRS_64_LINES TINYC_PAIRS_64_LINES TINYC_PAIRS_64_LINES

/* Products of weights of two filters with values of two pixels, or of one. */
#define TINYC_PAIRS_DOT(sum, weights, values) "smlad %[" sum "], " weights ", " values ", %[" sum "]\n\t"
#define TINYC_PAIRS_DOT2(f, g, values, values2)                                                                        \
    TINYC_PAIRS_DOT("f0", f, values)                                                                                   \
    TINYC_PAIRS_DOT("g0", g, values) TINYC_PAIRS_DOT("f1", f, values2) TINYC_PAIRS_DOT("g1", g, values2)
#define TINYC_PAIRS_DOT1(f, g, values) TINYC_PAIRS_DOT("f0", f, values) TINYC_PAIRS_DOT("g0", g, values)
#define TINYC_PAIRS_LOAD_X "ldmia %[x]!, {r4-r7}\n\t"
#define TINYC_PAIRS_LOAD_W "ldmia %[w]!, {r8-r11}\n\t"
#define TINYC_PAIRS_ODD(f, g) "sxtb16 " f ", " f "\n\tsxtb16 " g ", " g "\n\t"

/* Where the sums of one pixel start, and of two. */
#define TINYC_PAIRS_START1 "ldrd %[f0], %[g0], [%[w]], #8\n\t"
#define TINYC_PAIRS_START2 TINYC_PAIRS_START1 "mov %[f1], %[f0]\n\tmov %[g1], %[g0]\n\t"
/* The first step over two pixels starts the sums of the second from those of the first. */
#define TINYC_PAIRS_FIRST2(f, g, values, values2)                                                                      \
    "smlad %[f1], " f ", " values2 ", %[f0]\n\tsmlad %[g1], " g ", " values2 ", %[g0]\n\t"                             \
    TINYC_PAIRS_DOT1(f, g, values)

/* Four values of two pixels, wide weights. */
#define TINYC_PAIRS_WIDE2(FIRST)                                                                                       \
    TINYC_PAIRS_LOAD_X TINYC_PAIRS_LOAD_W FIRST("r8", "r10", "r4", "r6") TINYC_PAIRS_DOT2("r9", "r11", "r5", "r7")
/* Eight values of two pixels, weights in bytes. */
#define TINYC_PAIRS_BYTES2(FIRST)                                                                                      \
    TINYC_PAIRS_LOAD_W TINYC_PAIRS_LOAD_X FIRST("r8", "r9", "r4", "r6") TINYC_PAIRS_ODD("r8", "r9")                    \
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
/* Four values of one pixel, wide weights. */
#define TINYC_PAIRS_WIDE1_HALF                                                                                         \
    "ldmia %[x]!, {r4-r5}\n\t" TINYC_PAIRS_LOAD_W TINYC_PAIRS_DOT1("r8", "r10", "r4")                                  \
    TINYC_PAIRS_DOT1("r9", "r11", "r5")

#define TINYC_PAIRS_CLOBBERS "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "cc", "memory"
#define TINYC_PAIRS_SUMS1 [f0] "=&r"(f0), [g0] "=&r"(g0)
#define TINYC_PAIRS_SUMS2 TINYC_PAIRS_SUMS1, [f1] "=&r"(f1), [g1] "=&r"(g1)

/* HEAD, then `count` times STEP, which takes `words` of the column; HEAD takes `before`. No register is left to count
 * in: the end of the column waits on the stack. */
#define TINYC_PAIRS_LOOP(HEAD, before, STEP, words, count, SUMS)                                                       \
    do {                                                                                                               \
        const uint32_t *const end = column + (before) + (words) * (count);                                             \
        __asm__ volatile(HEAD "1:\n\t" STEP "ldr r4, %[end]\n\tcmp %[x], r4\n\tbne 1b"                                 \
                         : SUMS, [x] "+r"(column), [w] "+r"(w)                                                         \
                         : [end] "m"(end)                                                                              \
                         : TINYC_PAIRS_CLOBBERS);                                                                      \
    } while (0)

/* The same for a constant count, with at most `most` steps a round. */
#define TINYC_PAIRS_ROUNDS(HEAD, before, STEP, words, count, SUMS, most)                                               \
    do {                                                                                                               \
        const int32_t rounds = ((count) + (most) - 1) / (most);                                                        \
        if (rounds <= 1) {                                                                                             \
            __asm__ volatile(HEAD ".rept %c[n]\n\t" STEP ".endr" TINYC_PAIRS_ROOM                                      \
                             : SUMS, [x] "+r"(column), [w] "+r"(w)                                                     \
                             : [n] "i"(count)                                                                          \
                             : TINYC_PAIRS_CLOBBERS);                                                                  \
        } else {                                                                                                       \
            const uint32_t *const end = column + (before) + (words) * ((count) - (count) % rounds);                    \
            __asm__ volatile(HEAD "1:\n\t.rept %c[n]\n\t" STEP ".endr\n\tldr r4, %[end]\n\tcmp %[x], r4\n\tbne 1b\n\t" \
                             ".rept %c[rest]\n\t" STEP ".endr" TINYC_PAIRS_ROOM                                        \
                             : SUMS, [x] "+r"(column), [w] "+r"(w)                                                     \
                             : [end] "m"(end), [n] "i"((count) / rounds), [rest] "i"((count) % rounds)                 \
                             : TINYC_PAIRS_CLOBBERS);                                                                  \
        }                                                                                                              \
    } while (0)

/* From the sums of two pixels to results, by a stage that rounds once and does not clamp; y[0] goes up to y[1]. */
#define TINYC_PAIRS_RESULT(sum, scale)                                                                                 \
    "smmla %[" sum "], %[" sum "], " scale ", r6\n\tssat %[" sum "], #8, %[" sum "], asr %[right]\n\t"
#define TINYC_PAIRS_RESULTS2                                                                                           \
    "ldrd r4, r5, [%[w]], #8\n\tldr r6, %[add]\n\tldrd r8, r9, %[y]\n\t"                                               \
    TINYC_PAIRS_RESULT("f0", "r4") TINYC_PAIRS_RESULT("g0", "r5")                                                      \
    TINYC_PAIRS_RESULT("f1", "r4") TINYC_PAIRS_RESULT("g1", "r5")
#define TINYC_PAIRS_STORE2                                                                                             \
    "strb %[f0], [r8], #1\n\tstrb %[g0], [r8], #1\n\tstrb %[f1], [r8, %[next]]\n\tstrb %[g1], [r8, %[after]]\n\t"      \
    "str r8, %[y]\n\tcmp r8, r9\n\tbne 2b"
/* The last filter of an odd number is alone; y[1] is one further than the end. */
#define TINYC_PAIRS_STORE2_ODD                                                                                         \
    "strb %[f0], [r8], #2\n\tcmp r8, r9\n\tstrb %[f1], [r8, %[next]]\n\titt ne\n\tstrbne %[g0], [r8, #-1]\n\t"         \
    "strbne %[g1], [r8, %[after]]\n\tstr r8, %[y]\n\tbne 2b"

/* The same for pixels whose results lie add[1] bytes apart, a number that is not known before. */
#define TINYC_PAIRS_RESULTS2_APART                                                                                     \
    "ldrd r4, r5, [%[w]], #8\n\tldrd r6, r7, %[add]\n\tldrd r8, r9, %[y]\n\t"                                            \
    TINYC_PAIRS_RESULT("f0", "r4") TINYC_PAIRS_RESULT("g0", "r5")                                                      \
    TINYC_PAIRS_RESULT("f1", "r4") TINYC_PAIRS_RESULT("g1", "r5")                                                      \
    "strb %[f1], [r8, r7]\n\tstrb %[f0], [r8], #1\n\t"
#define TINYC_PAIRS_STORE2_APART                                                                                       \
    "strb %[g1], [r8, r7]\n\tstrb %[g0], [r8], #1\n\tstr r8, %[y]\n\tcmp r8, r9\n\tbne 2b"
#define TINYC_PAIRS_STORE2_APART_ODD                                                                                   \
    "add r10, r8, #1\n\tcmp r10, r9\n\titt ne\n\tstrbne %[g1], [r8, r7]\n\tstrbne %[g0], [r8]\n\t"                     \
    "str r10, %[y]\n\tbne 2b"

/* From the sums of two pixels to words, the first pixel's result in the lower half, each less the zero point; y goes from
 * the first filter's word to the end of the last. Where the zero point is the least value, it is never added. */
#define TINYC_PAIRS_POSITIVE(sum, scale)                                                                               \
    "smmla %[" sum "], %[" sum "], " scale ", r6\n\tusat %[" sum "], #8, %[" sum "], asr %[right]\n\t"
#define TINYC_PAIRS_PACK2                                                                                              \
    "pkhbt %[f0], %[f0], %[f1], lsl #16\n\tpkhbt %[g0], %[g0], %[g1], lsl #16\n\t"
#define TINYC_PAIRS_STORE_WORDS                                                                                        \
    "str %[f0], [r8]\n\tstr %[g0], [r8, %[next]]\n\tadd r8, r8, %[after]\n\tstr r8, %[y]\n\tcmp r8, r9\n\tbne 2b"
#define TINYC_PAIRS_WORDS_FROM_LEAST                                                                                   \
    "ldrd r4, r5, [%[w]], #8\n\tldr r6, %[add]\n\tldrd r8, r9, %[y]\n\t"                                                \
    TINYC_PAIRS_POSITIVE("f0", "r4") TINYC_PAIRS_POSITIVE("g0", "r5")                                                  \
    TINYC_PAIRS_POSITIVE("f1", "r4") TINYC_PAIRS_POSITIVE("g1", "r5") TINYC_PAIRS_PACK2 TINYC_PAIRS_STORE_WORDS
#define TINYC_PAIRS_WORDS                                                                                              \
    "ldrd r4, r5, [%[w]], #8\n\tldrd r6, r7, %[add]\n\tldrd r8, r9, %[y]\n\t"                                            \
    TINYC_PAIRS_RESULT("f0", "r4") TINYC_PAIRS_RESULT("g0", "r5")                                                      \
    TINYC_PAIRS_RESULT("f1", "r4") TINYC_PAIRS_RESULT("g1", "r5") TINYC_PAIRS_PACK2                                    \
    "ssub16 %[f0], %[f0], r7\n\tssub16 %[g0], %[g0], r7\n\t" TINYC_PAIRS_STORE_WORDS

/* All filters over a column of two pixels in one piece, for constants; TAIL makes results of sums and stores them, and has
 * the operands that follow; `places` is what it changes of them. Its highest register is x, where the column was. */
#define TINYC_PAIRS_FILTERS(HEAD, before, STEP, words, count, most, TAIL, places, ...)                                 \
    do {                                                                                                               \
        const int32_t rounds = ((count) + (most) - 1) / (most);                                                        \
        register const uint32_t *at __asm__("r12");                                                                    \
        int32_t f0, g0, f1, g1;                                                                                        \
        if (rounds <= 1) {                                                                                             \
            __asm__ volatile("2:\n\tldr %[x], %[column]\n\t" HEAD ".rept %c[n]\n\t" STEP                               \
                             ".endr\n\t" TAIL TINYC_PAIRS_ROOM                                                         \
                             : TINYC_PAIRS_SUMS2, [x] "=&r"(at), [w] "+r"(w), [y] "+m"(places)                         \
                             : [column] "m"(column), [n] "i"(count), __VA_ARGS__                                       \
                             : TINYC_PAIRS_CLOBBERS);                                                                  \
        } else {                                                                                                       \
            const uint32_t *const end = column + (before) + (words) * ((count) - (count) % rounds);                    \
            __asm__ volatile("2:\n\tldr %[x], %[column]\n\t" HEAD "1:\n\t.rept %c[n]\n\t" STEP                         \
                             ".endr\n\tldr r4, %[end]\n\tcmp %[x], r4\n\tbne 1b\n\t.rept %c[rest]\n\t" STEP            \
                             ".endr\n\t" TAIL TINYC_PAIRS_ROOM                                                         \
                             : TINYC_PAIRS_SUMS2, [x] "=&r"(at), [w] "+r"(w), [y] "+m"(places)                         \
                             : [column] "m"(column), [end] "m"(end), [n] "i"((count) / rounds),                        \
                               [rest] "i"((count) % rounds), __VA_ARGS__                                               \
                             : TINYC_PAIRS_CLOBBERS);                                                                  \
        }                                                                                                              \
    } while (0)
#define TINYC_PAIRS_WIDE_FILTERS_TO(TAIL, places, ...)                                                                 \
    TINYC_PAIRS_FILTERS(TINYC_PAIRS_START1 TINYC_PAIRS_WIDE2(TINYC_PAIRS_FIRST2), 4,                                   \
                        TINYC_PAIRS_WIDE2(TINYC_PAIRS_DOT2), 4, fours - 1, 16, TAIL, places, __VA_ARGS__)
#define TINYC_PAIRS_BYTES_FILTERS_TO(TAIL, places, ...)                                                                \
    TINYC_PAIRS_FILTERS(TINYC_PAIRS_START1 TINYC_PAIRS_BYTES2(TINYC_PAIRS_FIRST2), 8,                                  \
                        TINYC_PAIRS_BYTES2(TINYC_PAIRS_DOT2), 8, fours / 2 - 1, 8, TAIL, places, __VA_ARGS__)
#define TINYC_PAIRS_STAGE_OPERANDS(next_step, after_step)                                                              \
    [add] "m"(add), [right] "i"(stage->right), [next] "i"(next_step), [after] "i"(after_step)
#define TINYC_PAIRS_WIDE_FILTERS(next, after, TAIL)                                                                    \
    TINYC_PAIRS_WIDE_FILTERS_TO(TAIL, y, TINYC_PAIRS_STAGE_OPERANDS(next, after))
#define TINYC_PAIRS_BYTES_FILTERS(next, after, TAIL)                                                                   \
    TINYC_PAIRS_BYTES_FILTERS_TO(TAIL, y, TINYC_PAIRS_STAGE_OPERANDS(next, after))
#define TINYC_PAIRS_ALL_FILTERS(next, after, TAIL)                                                                     \
    do {                                                                                                               \
        if (wide) {                                                                                                    \
            TINYC_PAIRS_WIDE_FILTERS(next, after, TAIL);                                                               \
        } else {                                                                                                       \
            TINYC_PAIRS_BYTES_FILTERS(next, after, TAIL);                                                              \
        }                                                                                                              \
    } while (0)

#endif
