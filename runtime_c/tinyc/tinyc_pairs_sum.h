/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: results of pairs of pixels and of filters, summed with others before they are stored. */
#ifndef TINYC_PAIRS_SUM_H
#define TINYC_PAIRS_SUM_H

#include "tinyc_pairs.h"
#include "tinyc_sum_stage.h"

#if defined(TINYC_PAIRS_ASM) && TINYC_SCALE_WORDS == 1

/* What the assembly loads at once, into r6 and those above it. */
typedef struct {
    int32_t add, value_factor, other_factor, start;
    const int8_t *end;
    struct {
        int8_t *y;
        const int8_t *other;
    } at;
} tinyc_pairs_sum_registers;

#define TINYC_PAIRS_SUM_LOAD                                                                                           \
    "ldrd r4, r5, [%[w]], #8\n\tldr r12, %[registers]\n\tldmia r12, {r6-r12}\n\t"                                       \
    TINYC_PAIRS_RESULT("f0", "r4") TINYC_PAIRS_RESULT("g0", "r5")                                                      \
    TINYC_PAIRS_RESULT("f1", "r4") TINYC_PAIRS_RESULT("g1", "r5")
#define TINYC_PAIRS_SUM(value, other)                                                                                  \
    "mla " other ", " other ", r8, r9\n\tmla %[" value "], %[" value "], r7, " other "\n\t"                            \
    "ssat %[" value "], #8, %[" value "], asr %[last]\n\t"
#define TINYC_PAIRS_SUM_RESULTS                                                                                        \
    TINYC_PAIRS_SUM_LOAD                                                                                               \
    "ldrsb r4, [r12], #1\n\tldrsb r5, [r12], #1\n\tldrsb r6, [r12, %[next]]\n\t" TINYC_PAIRS_SUM("f0", "r4")           \
    "ldrsb r4, [r12, %[after]]\n\t"                                                                                    \
    TINYC_PAIRS_SUM("g0", "r5") TINYC_PAIRS_SUM("f1", "r6") TINYC_PAIRS_SUM("g1", "r4")                                \
    "strb %[f0], [r11], #1\n\tstrb %[g0], [r11], #1\n\tstrb %[f1], [r11, %[next]]\n\tstrb %[g1], [r11, %[after]]\n\t"  \
    "strd r11, r12, %[y]\n\tcmp r11, r10\n\tbne 2b"
/* The last filter of an odd number is alone; r10 is two below where it ends. */
#define TINYC_PAIRS_SUM_RESULTS_ODD                                                                                    \
    TINYC_PAIRS_SUM_LOAD                                                                                               \
    "cmp r11, r10\n\tldrsb r4, [r12], #2\n\tldrsb r6, [r12, %[next]]\n\t" TINYC_PAIRS_SUM("f0", "r4")                  \
    "itt ne\n\tldrsbne r5, [r12, #-1]\n\tldrsbne r4, [r12, %[after]]\n\t"                                              \
    TINYC_PAIRS_SUM("g0", "r5") TINYC_PAIRS_SUM("f1", "r6") TINYC_PAIRS_SUM("g1", "r4")                                \
    "strb %[f0], [r11], #2\n\tstrb %[f1], [r11, %[next]]\n\titt ne\n\tstrbne %[g0], [r11, #-1]\n\t"                    \
    "strbne %[g1], [r11, %[after]]\n\tstrd r11, r12, %[y]\n\tbne 2b"
#define TINYC_PAIRS_SUM_OPERANDS                                                                                       \
    [registers] "m"(registers), [right] "i"(stage->right), [last] "i"(sum->right), [next] "i"(out_c - 2),              \
        [after] "i"(out_c - 1)

#endif

/* As tinyc_pairs_results; `other` has what each result is summed with. */
TINYC_ALWAYS_INLINE void tinyc_pairs_sums(const tinyc_stage *stage, const tinyc_sum_stage *sum, const uint32_t *column,
                                          int32_t fours, const int32_t *w, const int8_t *other, int8_t *results,
                                          int32_t out_c, int32_t pixels, int wide)
{
#if defined(TINYC_PAIRS_ASM) && TINYC_SCALE_WORDS == 1
    if (__builtin_constant_p(fours) && __builtin_constant_p(stage->right) && __builtin_constant_p(sum->right) &&
        stage->low == -128 && stage->high == 127 && sum->low == -128 && sum->high == 127 && pixels == 2 &&
        out_c <= 4096) {
        const int32_t add = (int32_t)((uint32_t)stage->offset << stage->right) + (1 << (stage->right - 1));
        tinyc_pairs_sum_registers loaded = {add, sum->value_factor, sum->other_factor, sum->start,
                                            results + out_c - out_c % 2, {results, other}};
        const tinyc_pairs_sum_registers *const registers = &loaded;
        if (wide && out_c % 2 == 0) {
            TINYC_PAIRS_WIDE_FILTERS_TO(TINYC_PAIRS_SUM_RESULTS, loaded.at, TINYC_PAIRS_SUM_OPERANDS);
        } else if (wide) {
            TINYC_PAIRS_WIDE_FILTERS_TO(TINYC_PAIRS_SUM_RESULTS_ODD, loaded.at, TINYC_PAIRS_SUM_OPERANDS);
        } else if (out_c % 2 == 0) {
            TINYC_PAIRS_BYTES_FILTERS_TO(TINYC_PAIRS_SUM_RESULTS, loaded.at, TINYC_PAIRS_SUM_OPERANDS);
        } else {
            TINYC_PAIRS_BYTES_FILTERS_TO(TINYC_PAIRS_SUM_RESULTS_ODD, loaded.at, TINYC_PAIRS_SUM_OPERANDS);
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
            const int32_t at = pixel * out_c + o;
            results[at] = tinyc_summed(sum, tinyc_value(stage, sums[2 * pixel], scales), other[at]);
            if (both) {
                const int32_t value = tinyc_value(stage, sums[2 * pixel + 1], scales + TINYC_SCALE_WORDS);
                results[at + 1] = tinyc_summed(sum, value, other[at + 1]);
            }
        }
    }
}

#endif
