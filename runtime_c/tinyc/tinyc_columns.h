/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal: sums of products for cores without the DSP extension. The windows of four pixels are gathered as a column:
 * for each weight the four values that it meets. A filter then goes through the column with one load for all of them.
 *
 * With products of 64 bits a word holds two values, the second one 23 bits above the first: a long multiply-accumulate
 * takes both, and the two sums part again as long as the lower one stays within 23 bits. An ARMv6-M core has products
 * of 32 bits only, so there each value has its own word, and sums may be larger. Elsewhere a word has both values as
 * int16, and each its own sum: the code for either core gives the same results there, in no more room.
 */
#ifndef TINYC_COLUMNS_H
#define TINYC_COLUMNS_H

#include "tinyc_stage.h"

#if defined(__thumb__) && !defined(__thumb2__)
#define TINYC_COLUMN_WORDS 4 /* of each weight */
#else
#define TINYC_COLUMN_WORDS 2
#if defined(__thumb2__) && defined(__OPTIMIZE__)
#define TINYC_LANE 23 /* bits from the first to the second value of a word */
#endif
#endif

#define TINYC_COLUMN_PIXELS 4

/* Sums of the four pixels. */
typedef struct {
    int32_t of[TINYC_COLUMN_PIXELS];
} tinyc_sums;

/* Spreads `count` neighbouring values of each pixel over the column; returns its next place. */
TINYC_ALWAYS_INLINE uint32_t *tinyc_spread(uint32_t *column, const int8_t *const *pixels, int32_t count)
{
    const int8_t *const a = pixels[0];
    const int8_t *const b = pixels[1];
    const int8_t *const c = pixels[2];
    const int8_t *const d = pixels[3];
    for (int32_t i = 0; i < count; ++i, column += TINYC_COLUMN_WORDS) {
#if TINYC_COLUMN_WORDS == 4
        column[0] = (uint32_t)a[i];
        column[1] = (uint32_t)b[i];
        column[2] = (uint32_t)c[i];
        column[3] = (uint32_t)d[i];
#elif defined(TINYC_LANE)
        column[0] = (uint32_t)a[i] + ((uint32_t)b[i] << TINYC_LANE);
        column[1] = (uint32_t)c[i] + ((uint32_t)d[i] << TINYC_LANE);
#else
        column[0] = (uint32_t)(uint16_t)a[i] | (uint32_t)b[i] << 16;
        column[1] = (uint32_t)(uint16_t)c[i] | (uint32_t)d[i] << 16;
#endif
    }
    return column;
}

#if TINYC_COLUMN_WORDS == 4

/* The sums of one filter, whose weights are two bytes apart. */
TINYC_ALWAYS_INLINE void tinyc_column_sums(int32_t steps, const uint32_t *column, const int8_t *w, tinyc_sums *sums)
{
    int32_t s0 = 0;
    int32_t s1 = 0;
    int32_t s2 = 0;
    int32_t s3 = 0;
#if defined(__OPTIMIZE__)
#define TINYC_STEP                                                                                                     \
    "ldmia %[x]!, {r4, r5, r6, r7}\n\t"                                                                                \
    "ldrsb %[t], [%[w], %[i]]\n\t"                                                                                     \
    "muls r4, %[t], r4\n\t"                                                                                            \
    "add %[s0], r4\n\t"                                                                                                \
    "muls r5, %[t], r5\n\t"                                                                                            \
    "add %[s1], r5\n\t"                                                                                                \
    "muls r6, %[t], r6\n\t"                                                                                            \
    "add %[s2], r6\n\t"                                                                                                \
    "muls r7, %[t], r7\n\t"                                                                                            \
    "add %[s3], r7\n\t"                                                                                                \
    "adds %[i], #2\n\t"
    int32_t i = -8 * steps;
    int32_t t;
    w -= i;
    __asm__(".syntax unified\n"
            "1:\n\t" TINYC_STEP TINYC_STEP TINYC_STEP TINYC_STEP "bne 1b"
            : [x] "+l"(column), [i] "+l"(i), [t] "=&l"(t), [s0] "+h"(s0), [s1] "+h"(s1), [s2] "+h"(s2), [s3] "+h"(s3)
            : [w] "l"(w)
            : "r4", "r5", "r6", "r7", "cc", "memory");
#undef TINYC_STEP
#else
    for (int32_t i = 0; i < 4 * steps; ++i, column += TINYC_COLUMN_WORDS) {
        const int32_t weight = w[2 * i];
        s0 += (int32_t)column[0] * weight;
        s1 += (int32_t)column[1] * weight;
        s2 += (int32_t)column[2] * weight;
        s3 += (int32_t)column[3] * weight;
    }
#endif
    sums->of[0] = s0;
    sums->of[1] = s1;
    sums->of[2] = s2;
    sums->of[3] = s3;
}

/* The sums of two filters, whose weights come in turn. */
TINYC_ALWAYS_INLINE void tinyc_column_sums_x2(int32_t steps, const uint32_t *column, const int8_t *w, tinyc_sums *sums)
{
    tinyc_column_sums(steps, column, w, sums);
    tinyc_column_sums(steps, column, w + 1, sums + 1);
}

#elif defined(TINYC_LANE)

/* The two sums in one of 64 bits, which is given in halves. */
TINYC_ALWAYS_INLINE void tinyc_part_sums(uint32_t low, uint32_t high, int32_t *sums)
{
    const int32_t first = (int32_t)(low << (32 - TINYC_LANE)) >> (32 - TINYC_LANE);
    sums[0] = first;
    sums[1] = (int32_t)((high << (32 - TINYC_LANE)) + (low >> TINYC_LANE) + (first < 0 ? 1u : 0u));
}

/* The sums of two filters, whose weights come in turn. */
TINYC_ALWAYS_INLINE void tinyc_column_sums_x2(int32_t steps, const uint32_t *column, const int8_t *w, tinyc_sums *sums)
{
#define TINYC_STEP                                                                                                     \
    "ldrd %[a], %[b], [%[x]], #8\n\t"                                                                                  \
    "ldrsb %[t], [%[w]], #1\n\t"                                                                                       \
    "smlal %[l0], %[h0], %[a], %[t]\n\t"                                                                               \
    "smlal %[l1], %[h1], %[b], %[t]\n\t"                                                                               \
    "ldrsb %[t], [%[w]], #1\n\t"                                                                                       \
    "smlal %[l2], %[h2], %[a], %[t]\n\t"                                                                               \
    "smlal %[l3], %[h3], %[b], %[t]\n\t"
    uint32_t l0 = 0;
    uint32_t l1 = 0;
    uint32_t l2 = 0;
    uint32_t l3 = 0;
    uint32_t h0 = 0;
    uint32_t h1 = 0;
    uint32_t h2 = 0;
    uint32_t h3 = 0;
    uint32_t a;
    uint32_t b;
    int32_t t;
    const int8_t *const end = w + 8 * steps; /* in memory: no register is left for it */
    __asm__("1:\n\t" TINYC_STEP TINYC_STEP TINYC_STEP TINYC_STEP "ldr %[a], %[end]\n\t"
            "cmp %[w], %[a]\n\t"
            "bne 1b"
            : [x] "+r"(column), [w] "+r"(w), [a] "=&r"(a), [b] "=&r"(b), [t] "=&r"(t), [l0] "+r"(l0), [h0] "+r"(h0),
              [l1] "+r"(l1), [h1] "+r"(h1), [l2] "+r"(l2), [h2] "+r"(h2), [l3] "+r"(l3), [h3] "+r"(h3)
            : [end] "m"(end)
            : "cc", "memory");
#undef TINYC_STEP
    tinyc_part_sums(l0, h0, &sums[0].of[0]);
    tinyc_part_sums(l1, h1, &sums[0].of[2]);
    tinyc_part_sums(l2, h2, &sums[1].of[0]);
    tinyc_part_sums(l3, h3, &sums[1].of[2]);
}

#else

/* The sums of two filters, whose weights come in turn. */
TINYC_ALWAYS_INLINE void tinyc_column_sums_x2(int32_t steps, const uint32_t *column, const int8_t *w, tinyc_sums *sums)
{
    for (int32_t filter = 0; filter < 2; ++filter, ++w) {
        int32_t *const of = sums[filter].of;
        of[0] = of[1] = of[2] = of[3] = 0;
        for (int32_t i = 0; i < 4 * steps; ++i) {
            for (int32_t word = 0; word < 2; ++word) {
                const uint32_t values = column[2 * i + word];
                of[2 * word] += (int16_t)(values & 0xffff) * w[2 * i];
                of[2 * word + 1] += (int16_t)(values >> 16) * w[2 * i];
            }
        }
    }
}

#endif

#endif
