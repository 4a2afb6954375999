/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: from the sums of tiles to results; see tinyc_winograd_s8.h. */
#ifndef TINYC_WINOGRAD_RESULTS_H
#define TINYC_WINOGRAD_RESULTS_H

#include "tinyc_simd.h"
#include "tinyc_sum_stage.h"

#define TINYC_WINOGRAD_CELLS 16
#define TINYC_WINOGRAD_SUMS 32 /* four rows times A, of two tiles and two filters */

#if defined(TINYC_DSP) && defined(__OPTIMIZE__) && !defined(__clang__)
#define TINYC_WINOGRAD_ASM 1
#endif

/* Two tiles and two filters on their way: sums [row][left or right][tile][filter], and what the assembly wants with them. */
typedef struct {
    int32_t value_factor, other_factor, start;
    int32_t bias[2];
    uint32_t sums[TINYC_WINOGRAD_SUMS];
} tinyc_winograd_block;

/* At times the sums of one tile and one filter: four times those of its pixels, row by row. */
TINYC_ALWAYS_INLINE void tinyc_winograd_pixels(const uint32_t *sums, uint32_t bias, int32_t *pixels)
{
    const uint32_t left = sums[8] + bias, right = sums[12] + bias;
    pixels[0] = (int32_t)(sums[0] + left + sums[16]);
    pixels[1] = (int32_t)(sums[4] + right + sums[20]);
    pixels[2] = (int32_t)(left - sums[16] - sums[24]);
    pixels[3] = (int32_t)(right - sums[20] - sums[28]);
}

/* The result of a pixel; if there is a `sum`, of that with `other`. */
TINYC_ALWAYS_INLINE void tinyc_winograd_result(const tinyc_winograd_params *p, const tinyc_sum_stage *sum, int32_t pixel,
                                               const int32_t *scale, const int8_t *other, int8_t *y)
{
    const int32_t value = tinyc_value(&p->stage, pixel, scale);
    *y = sum != NULL ? tinyc_summed(sum, value, *other) : (int8_t)value;
}

/* The results of one tile and one filter, as far as they lie inside. */
TINYC_ALWAYS_INLINE void tinyc_winograd_results(const tinyc_winograd_params *p, const tinyc_sum_stage *sum, int32_t rows,
                                                int32_t columns, const uint32_t *sums, uint32_t bias,
                                                const int32_t *scale, const int8_t *other, int8_t *y)
{
    int32_t pixels[4];
    tinyc_winograd_pixels(sums, bias, pixels);
    /* even sizes are known before the program runs */
    const int both_columns = p->out_w % 2 == 0 || columns > 1, both_rows = p->out_h % 2 == 0 || rows > 1;
    const int32_t row = p->out_w * p->out_c, next = row + p->out_c;
    tinyc_winograd_result(p, sum, pixels[0], scale, other, y);
    if (both_columns) {
        tinyc_winograd_result(p, sum, pixels[1], scale, other + p->out_c, y + p->out_c);
    }
    if (both_rows) {
        tinyc_winograd_result(p, sum, pixels[2], scale, other + row, y + row);
        if (both_columns) {
            tinyc_winograd_result(p, sum, pixels[3], scale, other + next, y + next);
        }
    }
}

#if defined(TINYC_WINOGRAD_ASM) && TINYC_SCALE_WORDS == 1

/* Whether the assembly knows these stages, and reaches the second row of results. */
TINYC_ALWAYS_INLINE int tinyc_winograd_is_plain(const tinyc_winograd_params *p, const tinyc_sum_stage *sum)
{
    const int constant = __builtin_constant_p(p->stage.right) && __builtin_constant_p(p->out_w * p->out_c);
    return constant && p->stage.low == -128 && p->stage.high == 127 && (p->out_w + 3) * p->out_c + 1 <= 4095 &&
           (sum == NULL || (__builtin_constant_p(sum->right) && sum->low == -128 && sum->high == 127));
}

/* The sums of `place` (a tile's left or right) of two filters, f in even registers: r0 to r3 become those of two pixels
 * above each other, with the biases, and then int8 values. */
#define TINYC_WINOGRAD_SUMS_AT(row, place) "[lr, #20 + 32 * " #row " + " place "]\n\t"
#define TINYC_WINOGRAD_VALUES(place)                                                                                   \
    "ldrd r2, r3, " TINYC_WINOGRAD_SUMS_AT(1, place) "ldrd r4, r5, [lr, #12]\n\tadd r2, r2, r4\n\tadd r3, r3, r5\n\t"  \
    "ldrd r0, r1, " TINYC_WINOGRAD_SUMS_AT(0, place) "ldrd r4, r5, " TINYC_WINOGRAD_SUMS_AT(2, place)                  \
    "ldrd r6, r7, " TINYC_WINOGRAD_SUMS_AT(3, place)                                                                   \
    "add r0, r0, r2\n\tadd r1, r1, r3\n\tadd r0, r0, r4\n\tadd r1, r1, r5\n\t"                                         \
    "sub r2, r2, r4\n\tsub r3, r3, r5\n\tsub r2, r2, r6\n\tsub r3, r3, r7\n\t"                                         \
    "smmla r0, r0, r8, r10\n\tsmmla r1, r1, r9, r10\n\tsmmla r2, r2, r8, r10\n\tsmmla r3, r3, r9, r10\n\t"             \
    "ssat r0, #8, r0, asr %[right]\n\tssat r1, #8, r1, asr %[right]\n\t"                                               \
    "ssat r2, #8, r2, asr %[right]\n\tssat r3, #8, r3, asr %[right]\n\t"
#define TINYC_WINOGRAD_STORE(column)                                                                                   \
    "strb r0, [r11, #" column " * %c[step]]\n\tstrb r1, [r11, #" column " * %c[step] + 1]\n\t"                         \
    "strb r2, [r11, #%c[row] + " column " * %c[step]]\n\tstrb r3, [r11, #%c[row] + " column " * %c[step] + 1]\n\t"
#define TINYC_WINOGRAD_SUM(value, at)                                                                                  \
    "ldrsb r7, [r12, #" at "]\n\tmla r7, r7, r5, r6\n\tmla " value ", " value ", r4, r7\n\t"                           \
    "ssat " value ", #8, " value ", asr %[last]\n\t"
#define TINYC_WINOGRAD_ADD(column)                                                                                     \
    "ldmia lr, {r4-r6}\n\t"                                                                                            \
    TINYC_WINOGRAD_SUM("r0", column " * %c[step]") TINYC_WINOGRAD_SUM("r1", column " * %c[step] + 1")                  \
    TINYC_WINOGRAD_SUM("r2", "%c[row] + " column " * %c[step]")                                                        \
    TINYC_WINOGRAD_SUM("r3", "%c[row] + " column " * %c[step] + 1")
#define TINYC_WINOGRAD_NO_ADD(column)
#define TINYC_WINOGRAD_RESULTS(ADD)                                                                                    \
    TINYC_WINOGRAD_VALUES("0") ADD("0") TINYC_WINOGRAD_STORE("0")                                                      \
    TINYC_WINOGRAD_VALUES("16") ADD("1") TINYC_WINOGRAD_STORE("1")                                                     \
    TINYC_WINOGRAD_VALUES("8") ADD("2") TINYC_WINOGRAD_STORE("2")                                                      \
    TINYC_WINOGRAD_VALUES("24") ADD("3") TINYC_WINOGRAD_STORE("3")

/* The results of two tiles that lie inside and of two filters; y is at the first. */
TINYC_ALWAYS_INLINE void tinyc_winograd_inside(const tinyc_winograd_params *p, const tinyc_sum_stage *sum,
                                               tinyc_winograd_block *block, const int32_t *w, const int32_t *scales,
                                               const int8_t *other, int8_t *y)
{
    block->bias[0] = w[0];
    block->bias[1] = w[1];
    register int32_t f __asm__("r8") = scales[0];
    register int32_t g __asm__("r9") = scales[1];
    register int32_t add __asm__("r10") =
        (int32_t)((uint32_t)p->stage.offset << p->stage.right) + (1 << (p->stage.right - 1));
    register int8_t *to __asm__("r11") = y;
    register tinyc_winograd_block *from __asm__("lr") = block;
    if (sum == NULL) {
        __asm__ volatile(TINYC_WINOGRAD_RESULTS(TINYC_WINOGRAD_NO_ADD)
                         :
                         : "r"(f), "r"(g), "r"(add), "r"(to), "r"(from), [right] "i"(p->stage.right),
                           [step] "i"(p->out_c), [row] "i"(p->out_w * p->out_c)
                         : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "cc", "memory");
    } else {
        register const int8_t *others __asm__("r12") = other;
        __asm__ volatile(TINYC_WINOGRAD_RESULTS(TINYC_WINOGRAD_ADD)
                         :
                         : "r"(f), "r"(g), "r"(add), "r"(to), "r"(from), "r"(others), [right] "i"(p->stage.right),
                           [last] "i"(sum->right), [step] "i"(p->out_c), [row] "i"(p->out_w * p->out_c)
                         : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "cc", "memory");
    }
}

#endif

/* The results of two tiles, from the first of them on, and two filters. */
TINYC_ALWAYS_INLINE void tinyc_winograd_pair(const tinyc_winograd_params *p, const tinyc_sum_stage *sum, int32_t filters,
                                             int32_t row, int32_t column, tinyc_winograd_block *block,
                                             const int32_t *w, const int8_t *other, int8_t *y)
{
    const int32_t *const scales = w + 2 + TINYC_WINOGRAD_CELLS * p->in_c;
#if defined(TINYC_WINOGRAD_ASM) && TINYC_SCALE_WORDS == 1
    if (tinyc_winograd_is_plain(p, sum) && (p->out_c % 2 == 0 || filters > 1) &&
        (p->out_h % 2 == 0 || row + 1 < p->out_h) && (p->out_w % 4 == 0 || column + 3 < p->out_w)) {
        const int32_t first = (row * p->out_w + column) * p->out_c;
        tinyc_winograd_inside(p, sum, block, w, scales, other + first, y + first);
        return;
    }
#endif
#pragma GCC unroll 2
    for (int32_t f = 0; f < 2; ++f) {
        if (p->out_c % 2 != 0 && f >= filters) {
            break;
        }
        int32_t scale[TINYC_SCALE_WORDS];
        for (int32_t i = 0; i < TINYC_SCALE_WORDS; ++i) {
            scale[i] = scales[f * TINYC_SCALE_WORDS + i];
        }
        const uint32_t bias = (uint32_t)w[f];
#pragma GCC unroll 2
        for (int32_t t = 0; t < 2; ++t) {
            const int32_t at = column + 2 * t;
            if (p->out_w % 4 == 0 || at < p->out_w) {
                const int32_t first = (row * p->out_w + at) * p->out_c + f;
                tinyc_winograd_results(p, sum, p->out_h - row, p->out_w - at, block->sums + 2 * t + f, bias, scale,
                                       other + first, y + first);
            }
        }
    }
}

#endif
