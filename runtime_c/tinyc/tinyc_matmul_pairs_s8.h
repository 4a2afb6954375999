/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal: products of two tensors for the DSP extension; see tinyc_kernels.h. Four columns of b at a time, less their
 * zero point, become a stream: four words where their sums start, and then int16, for each four values of a column two
 * words, [0, 2] and [1, 3], column by column. Every row of a goes along it, four values at a time.
 */
#ifndef TINYC_MATMUL_PAIRS_S8_H
#define TINYC_MATMUL_PAIRS_S8_H

#include "tinyc_pairs.h"

#define TINYC_MATMUL_COLUMNS 4
#define TINYC_MATMUL_WRITTEN_OUT 8 /* steps of four values that are not looped over */

#if defined(TINYC_DSP)

/* Two columns, in the halves of the words of four rows: to `low` and to `high`, and added up. */
TINYC_ALWAYS_INLINE void tinyc_matmul_pack_two(const uint32_t *rows, uint32_t *low, uint32_t *high, int32_t *sums)
{
#pragma GCC unroll 2
    for (int32_t i = 0; i < 2; ++i) {
        low[i] = (rows[i] & 0xFFFFu) | rows[i + 2] << 16;
        high[i] = rows[i] >> 16 | (rows[i + 2] & 0xFFFF0000u);
        sums[0] = tinyc_dot2(low[i], 0x00010001u, sums[0]);
        sums[2] = tinyc_dot2(high[i], 0x00010001u, sums[2]);
    }
}

/* Four rows of four columns. */
TINYC_ALWAYS_INLINE void tinyc_matmul_pack_four(const tinyc_matmul_pairs_params *p, const int8_t *b, uint32_t *values,
                                                int32_t *sums)
{
    const uint32_t offsets = ((uint32_t)p->b_offset & 0xFFFFu) * 0x00010001u;
    uint32_t even[4];
    uint32_t odd[4];
#pragma GCC unroll 4
    for (int32_t i = 0; i < 4; ++i, b += p->columns) {
        const uint32_t row = tinyc_load_s8x4(b);
        even[i] = tinyc_add_even(offsets, row);
        odd[i] = tinyc_add_odd(offsets, row);
    }
    tinyc_matmul_pack_two(even, values, values + 4, sums);
    tinyc_matmul_pack_two(odd, values + 2, values + 6, sums + 1);
}

#endif

/* The stream of the columns from b on, of which there are at least one; what is missing is 0. */
TINYC_ALWAYS_INLINE void tinyc_matmul_pack(const tinyc_matmul_pairs_params *p, int32_t columns, const int8_t *b,
                                           uint32_t *stream)
{
    uint32_t *values = stream + TINYC_MATMUL_COLUMNS;
    int32_t sums[TINYC_MATMUL_COLUMNS] = {0, 0, 0, 0};
    int32_t left = p->depth;
#if defined(TINYC_DSP)
    for (; columns == TINYC_MATMUL_COLUMNS && left >= 4; left -= 4, b += 4 * p->columns, values += 8) {
        tinyc_matmul_pack_four(p, b, values, sums);
    }
#endif
    for (; left > 0; left -= 4, values += 8) {
        for (int32_t c = 0; c < TINYC_MATMUL_COLUMNS; ++c) {
            int32_t four[4];
            for (int32_t k = 0; k < 4; ++k) {
                four[k] = k < left && c < columns ? b[k * p->columns + c] + p->b_offset : 0;
                sums[c] += four[k];
            }
            values[2 * c] = tinyc_pairs_word(four[0], four[2]);
            values[2 * c + 1] = tinyc_pairs_word(four[1], four[3]);
        }
        b += left > 4 ? 4 * p->columns : 0;
    }
    for (int32_t c = 0; c < TINYC_MATMUL_COLUMNS; ++c) {
        stream[c] = (uint32_t)(p->a_offset * sums[c]);
    }
}

#if defined(TINYC_PAIRS_ASM)

/* Four values of a row. No register is left to count in: where the row ends waits on the stack. */
#define TINYC_MATMUL_STEP                                                                                              \
    "ldr r4, [%[a]], #4\n\t"                                                                                           \
    "ldmia %[w]!, {r6-r9}\n\t"                                                                                         \
    "sxtb16 r5, r4\n\t"                                                                                                \
    "sxtb16 r4, r4, ror #8\n\t"                                                                                        \
    "smlad %[s0], r6, r5, %[s0]\n\t"                                                                                   \
    "smlad %[s1], r8, r5, %[s1]\n\t"                                                                                   \
    "smlad %[s0], r7, r4, %[s0]\n\t"                                                                                   \
    "smlad %[s1], r9, r4, %[s1]\n\t"                                                                                   \
    "ldmia %[w]!, {r6-r9}\n\t"                                                                                         \
    "smlad %[s2], r6, r5, %[s2]\n\t"                                                                                   \
    "smlad %[s3], r8, r5, %[s3]\n\t"                                                                                   \
    "smlad %[s2], r7, r4, %[s2]\n\t"                                                                                   \
    "smlad %[s3], r9, r4, %[s3]\n\t"

#define TINYC_MATMUL_START "ldrd %[s0], %[s1], [%[w]], #8\n\tldrd %[s2], %[s3], [%[w]], #8\n\t"
#define TINYC_MATMUL_LOOP                                                                                              \
    "1:\n\t" TINYC_MATMUL_STEP TINYC_MATMUL_STEP "ldr r4, %[end]\n\tcmp %[a], r4\n\tbne 1b"
#define TINYC_MATMUL_FEW ".rept %c[fours]\n\t" TINYC_MATMUL_STEP ".endr" TINYC_PAIRS_ROOM
#define TINYC_MATMUL_ALONG(TEXT, ...)                                                                                  \
    __asm__ volatile(TEXT                                                                                              \
                     : [s0] "=&r"(s0), [s1] "=&r"(s1), [s2] "=&r"(s2), [s3] "=&r"(s3), [a] "+r"(a), [w] "+r"(w)        \
                     : __VA_ARGS__                                                                                     \
                     : "r4", "r5", "r6", "r7", "r8", "r9", "cc", "memory")

/* The sums of `fours` times four values of a row with a stream that starts at w. Returns where the row goes on. */
TINYC_ALWAYS_INLINE const int8_t *tinyc_matmul_along(const int8_t *a, const uint32_t *w, int32_t fours, int32_t *sums)
{
    const int8_t *const end = a + 4 * fours;
    int32_t s0, s1, s2, s3;
    if (__builtin_constant_p(fours) && fours <= TINYC_MATMUL_WRITTEN_OUT) {
        TINYC_MATMUL_ALONG(TINYC_MATMUL_START TINYC_MATMUL_FEW, [fours] "i"(fours));
    } else if (fours == 0) {
        TINYC_MATMUL_ALONG(TINYC_MATMUL_START, [end] "m"(end));
    } else if (fours == 1) {
        TINYC_MATMUL_ALONG(TINYC_MATMUL_START TINYC_MATMUL_STEP, [end] "m"(end));
    } else if (fours % 2 != 0) {
        TINYC_MATMUL_ALONG(TINYC_MATMUL_START TINYC_MATMUL_STEP TINYC_MATMUL_LOOP, [end] "m"(end));
    } else {
        TINYC_MATMUL_ALONG(TINYC_MATMUL_START TINYC_MATMUL_LOOP, [end] "m"(end));
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
    return a;
}

/* The same for words of values. */
TINYC_ALWAYS_INLINE int32_t tinyc_matmul_dot(uint32_t a, uint32_t b, int32_t sum)
{
    return tinyc_dot2(a, b, sum);
}

#else

TINYC_ALWAYS_INLINE int32_t tinyc_matmul_dot(uint32_t a, uint32_t b, int32_t sum)
{
    return tinyc_pairs_dot(a, b, sum);
}

#endif

/* Four values of a row that are in a word. */
TINYC_ALWAYS_INLINE void tinyc_matmul_four(uint32_t values, const uint32_t *w, int32_t *sums)
{
    uint32_t two[2];
    tinyc_pairs_expand(values, 1, two);
    for (int32_t c = 0; c < TINYC_MATMUL_COLUMNS; ++c) {
        sums[c] = tinyc_matmul_dot(two[1], w[2 * c + 1], tinyc_matmul_dot(two[0], w[2 * c], sums[c]));
    }
}

#if !defined(TINYC_PAIRS_ASM)

TINYC_ALWAYS_INLINE const int8_t *tinyc_matmul_along(const int8_t *a, const uint32_t *w, int32_t fours, int32_t *sums)
{
    (void)memcpy(sums, w, TINYC_MATMUL_COLUMNS * sizeof *sums);
    w += TINYC_MATMUL_COLUMNS;
    for (int32_t i = 0; i < fours; ++i, a += 4, w += 2 * TINYC_MATMUL_COLUMNS) {
        uint32_t word;
        (void)memcpy(&word, a, sizeof word);
        tinyc_matmul_four(word, w, sums);
    }
    return a;
}

#endif

TINYC_ALWAYS_INLINE void tinyc_matmul_pairs_s8_inline(const tinyc_matmul_pairs_params *p, const int8_t *a,
                                                      const int8_t *b, uint32_t *workspace, int8_t *y)
{
    const int32_t fours = p->depth / 4;
    const tinyc_stage stage = p->stage; /* a copy, which no store of a result can change */
    for (int32_t n = 0; n < p->batches; ++n, b += p->b_step) {
        for (int32_t j = 0; j < p->columns; j += TINYC_MATMUL_COLUMNS) {
            const int32_t columns = p->columns - j < TINYC_MATMUL_COLUMNS ? p->columns - j : TINYC_MATMUL_COLUMNS;
            tinyc_matmul_pack(p, columns, b + j, workspace);
            const int8_t *row = a;
            int8_t *at = y + j;
            for (int32_t i = 0; i < p->rows; ++i, at += p->columns) {
                int32_t sums[TINYC_MATMUL_COLUMNS];
                row = tinyc_matmul_along(row, workspace, fours, sums);
                if (p->depth % 4 != 0) {
                    uint32_t word = 0;
                    (void)memcpy(&word, row, (size_t)(p->depth % 4));
                    tinyc_matmul_four(word, workspace + TINYC_MATMUL_COLUMNS * (2 * fours + 1), sums);
                    row += p->depth % 4;
                }
                at[0] = tinyc_result(&stage, sums[0], p->scale);
                if (columns == TINYC_MATMUL_COLUMNS) {
                    at[1] = tinyc_result(&stage, sums[1], p->scale);
                    at[2] = tinyc_result(&stage, sums[2], p->scale);
                    at[3] = tinyc_result(&stage, sums[3], p->scale);
                }
                for (int32_t c = 1; columns < TINYC_MATMUL_COLUMNS && c < columns; ++c) {
                    at[c] = tinyc_result(&stage, sums[c], p->scale);
                }
            }
        }
        a += p->rows * p->depth;
        y += p->rows * p->columns;
    }
}

#endif
