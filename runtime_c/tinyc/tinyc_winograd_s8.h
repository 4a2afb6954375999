/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolution by Winograd's F(2x2, 3x3), exact in integers. A tile of 2 x 2 results sees 4 x 4 cells d of each channel,
 * x less its zero point. With V = Bt d B and U = (2 G) g (2 G)t, which is four times the usual one and whole,
 *
 *     At (sum over channels of U * V, cell by cell) A  =  4 * the sums of a convolution,
 *
 * so 16 products do the work of 36, and not a bit is lost: V has 11 bits, U 12, and what wraps around on the way to a
 * result that fits does no harm.
 *
 * Two tiles are taken times two filters. Channels come in fours, as two words of int16: a has channels 0 and 2, b 1 and 3.
 * V is [pair of tiles][cell][fours]{a, b of one tile, a, b of the other}, U the same with filters in place of tiles.
 */
#ifndef TINYC_WINOGRAD_S8_H
#define TINYC_WINOGRAD_S8_H

#include "tinyc_simd.h"
#include "tinyc_stage.h"

#define TINYC_WINOGRAD_CELLS 16

#if defined(TINYC_DSP) && defined(__OPTIMIZE__) && !defined(__clang__)
#define TINYC_WINOGRAD_ASM 1
#endif

/* Four values of a word of int8, less the zero point: `less` is minus that in both lanes. */
TINYC_ALWAYS_INLINE void tinyc_winograd_expand(const int8_t *x, uint32_t less, uint32_t *a, uint32_t *b)
{
#if defined(TINYC_DSP)
    const uint32_t values = tinyc_load_s8x4(x);
    *a = tinyc_add_even(less, values);
    *b = tinyc_add_odd(less, values);
#else
    const int32_t add = (int16_t)(less & 0xffff);
    *a = ((uint32_t)(x[0] + add) & 0xffff) | (uint32_t)(x[2] + add) << 16;
    *b = ((uint32_t)(x[1] + add) & 0xffff) | (uint32_t)(x[3] + add) << 16;
#endif
}

/* Sums and differences of int16 lanes. */
TINYC_ALWAYS_INLINE uint32_t tinyc_winograd_add(uint32_t a, uint32_t b)
{
#if defined(TINYC_DSP)
    uint32_t out;
    __asm__("sadd16 %0, %1, %2" : "=r"(out) : "r"(a), "r"(b));
    return out;
#else
    return ((a + b) & 0xffff) | ((a >> 16) + (b >> 16)) << 16;
#endif
}

TINYC_ALWAYS_INLINE uint32_t tinyc_winograd_sub(uint32_t a, uint32_t b)
{
#if defined(TINYC_DSP)
    uint32_t out;
    __asm__("ssub16 %0, %1, %2" : "=r"(out) : "r"(a), "r"(b));
    return out;
#else
    return ((a - b) & 0xffff) | ((a >> 16) - (b >> 16)) << 16;
#endif
}

/* Bt times a column, two channels at a time; `step` words apart. */
TINYC_ALWAYS_INLINE void tinyc_winograd_turn(uint32_t d0, uint32_t d1, uint32_t d2, uint32_t d3, uint32_t *to,
                                             int32_t step)
{
    to[0] = tinyc_winograd_sub(d0, d2);
    to[step] = tinyc_winograd_add(d1, d2);
    to[2 * step] = tinyc_winograd_sub(d2, d1);
    to[3 * step] = tinyc_winograd_sub(d1, d3);
}

/* Bt d of four channels of a column: x is at its top cell, of which row is `row`; eight words, a and b by turns. */
TINYC_ALWAYS_INLINE void tinyc_winograd_column(const tinyc_winograd_params *p, int32_t row, const int8_t *x,
                                               uint32_t *to)
{
    const uint32_t less = (uint32_t)(uint16_t)-p->zero * 0x10001u;
    uint32_t a[4] = {0}, b[4] = {0};
#pragma GCC unroll 4
    for (int32_t i = 0; i < 4; ++i) {
        if (row + i >= 0 && row + i < p->in_h) {
            tinyc_winograd_expand(x + i * p->in_w * p->in_c, less, &a[i], &b[i]);
        }
    }
    tinyc_winograd_turn(a[0], a[1], a[2], a[3], to, 2);
    tinyc_winograd_turn(b[0], b[1], b[2], b[3], to + 1, 2);
}

/* V of `tiles` neighbouring tiles, whose first cell is at this row and column. `columns` has room for their columns. */
TINYC_ALWAYS_INLINE void tinyc_winograd_tiles(const tinyc_winograd_params *p, int32_t tiles, int32_t row,
                                              int32_t column, const int8_t *x, uint32_t *columns, uint32_t *v)
{
    for (int32_t c = 0; c < p->in_c; c += 4, v += 4) {
        const int8_t *from = x + (row * p->in_w + column) * p->in_c + c;
        uint32_t *to = columns;
        for (int32_t i = column; i < column + 2 * tiles + 2; ++i, from += p->in_c, to += 8) {
            if (i < 0 || i >= p->in_w) {
                for (int32_t k = 0; k < 8; ++k) {
                    to[k] = 0;
                }
            } else if (row >= 0 && row + 3 < p->in_h) {
                tinyc_winograd_column(p, 0, from, to); /* rows 0 to 3 are inside */
            } else {
                tinyc_winograd_column(p, row, from, to);
            }
        }
        const int32_t step = p->in_c; /* words from cell to cell */
        for (int32_t t = 0; t < tiles; ++t) {
            const uint32_t *const of = columns + 16 * t;
            uint32_t *const tile = v + (t / 2) * TINYC_WINOGRAD_CELLS * step + (t % 2) * 2;
#pragma GCC unroll 4
            for (int32_t k = 0; k < 4; ++k) {
                tinyc_winograd_turn(of[2 * k], of[2 * k + 8], of[2 * k + 16], of[2 * k + 24], tile + 4 * k * step, step);
                tinyc_winograd_turn(of[2 * k + 1], of[2 * k + 9], of[2 * k + 17], of[2 * k + 25],
                                    tile + 4 * k * step + 1, step);
            }
        }
    }
}

#if defined(TINYC_WINOGRAD_ASM)

#define TINYC_WINOGRAD_LOAD "ldmia r12!, {r4-r7}\n\tldmia lr!, {r8-r11}\n\t"
#define TINYC_WINOGRAD_STEP                                                                                            \
    TINYC_WINOGRAD_LOAD "smlad r0, r8, r4, r0\n\tsmlad r1, r10, r4, r1\n\tsmlad r2, r8, r6, r2\n\t"                    \
    "smlad r3, r10, r6, r3\n\tsmlad r0, r9, r5, r0\n\tsmlad r1, r11, r5, r1\n\tsmlad r2, r9, r7, r2\n\t"               \
    "smlad r3, r11, r7, r3\n\t"
/* The first step starts the sums. */
#define TINYC_WINOGRAD_START                                                                                           \
    TINYC_WINOGRAD_LOAD "smuad r0, r8, r4\n\tsmuad r1, r10, r4\n\tsmuad r2, r8, r6\n\tsmuad r3, r10, r6\n\t"           \
    "smlad r0, r9, r5, r0\n\tsmlad r1, r11, r5, r1\n\tsmlad r2, r9, r7, r2\n\tsmlad r3, r11, r7, r3\n\t"
/* The compiler takes a line of assembly for one instruction, and must not take a .rept for less than it becomes. */
#define TINYC_WINOGRAD_16_LINES "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"
#define TINYC_WINOGRAD_64_LINES                                                                                        \
    TINYC_WINOGRAD_16_LINES TINYC_WINOGRAD_16_LINES TINYC_WINOGRAD_16_LINES TINYC_WINOGRAD_16_LINES
#define TINYC_WINOGRAD_ROOM TINYC_WINOGRAD_64_LINES TINYC_WINOGRAD_64_LINES TINYC_WINOGRAD_64_LINES
#define TINYC_WINOGRAD_ROUND 16 /* steps that are written out at most; more are a loop */

#endif

/* sums [cell][tile][filter] of the products of two tiles and two filters. */
TINYC_ALWAYS_INLINE void tinyc_winograd_products(const tinyc_winograd_params *p, const uint32_t *v, const int32_t *u,
                                                 int32_t *sums)
{
    const int32_t fours = p->in_c / 4;
#if defined(TINYC_WINOGRAD_ASM)
    if (__builtin_constant_p(fours)) {
        register int32_t *to __asm__("r0") = sums;
        register int32_t *end __asm__("r1") = sums + 4 * TINYC_WINOGRAD_CELLS;
        register const uint32_t *tiles __asm__("r12") = v;
        register const int32_t *filters __asm__("lr") = u;
        /* fourteen registers are just enough: where the sums go, and where a loop ends, waits on the stack */
        if (fours <= TINYC_WINOGRAD_ROUND) {
            __asm__ volatile("push {r0, r1}\n1:\n\t" TINYC_WINOGRAD_START                                              //
                             ".rept %c[fours] - 1\n\t" TINYC_WINOGRAD_STEP ".endr\n\t"
                             "ldrd r4, r5, [sp]\n\tstmia r4!, {r0-r3}\n\tstr r4, [sp]\n\tcmp r4, r5\n\tbne 1b\n\t"
                             "add sp, sp, #8" TINYC_WINOGRAD_ROOM
                             : "+r"(to), "+r"(end), "+r"(tiles), "+r"(filters)
                             : [fours] "i"(fours)
                             : "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "cc", "memory");
        } else {
            __asm__ volatile("push {r0, r1, r2}\n1:\n\t" TINYC_WINOGRAD_START
                             ".rept (%c[fours] - 1) %% %c[round]\n\t" TINYC_WINOGRAD_STEP ".endr\n\t"
                             "add r4, r12, #(%c[fours] - 1) / %c[round] * %c[round] * 16\n\tstr r4, [sp, #8]\n"
                             "2:\n\t.rept %c[round]\n\t" TINYC_WINOGRAD_STEP ".endr\n\t"
                             "ldr r4, [sp, #8]\n\tcmp r12, r4\n\tbne 2b\n\t"
                             "ldrd r4, r5, [sp]\n\tstmia r4!, {r0-r3}\n\tstr r4, [sp]\n\tcmp r4, r5\n\tbne 1b\n\t"
                             "add sp, sp, #12" TINYC_WINOGRAD_ROOM TINYC_WINOGRAD_ROOM
                             : "+r"(to), "+r"(end), "+r"(tiles), "+r"(filters)
                             : [fours] "i"(fours), [round] "i"(TINYC_WINOGRAD_ROUND)
                             : "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "cc", "memory");
        }
        return;
    }
#endif
    for (int32_t cell = 0; cell < TINYC_WINOGRAD_CELLS; ++cell, v += 4 * fours, u += 4 * fours) {
        for (int32_t k = 0; k < 4; ++k) {
            const uint32_t *a = v + (k / 2) * 2;
            const int32_t *b = u + (k % 2) * 2;
            uint32_t sum = 0;
            for (int32_t i = 0; i < fours; ++i, a += 4, b += 4) {
#pragma GCC unroll 2
                for (int32_t j = 0; j < 2; ++j) {
#if defined(TINYC_DSP)
                    sum = (uint32_t)tinyc_dot2(a[j], (uint32_t)b[j], (int32_t)sum);
#else
                    const uint32_t low = (uint32_t)((int16_t)(a[j] & 0xffff) * (int16_t)(b[j] & 0xffff));
                    sum += low + (uint32_t)((int16_t)(a[j] >> 16) * (int16_t)((uint32_t)b[j] >> 16));
#endif
                }
            }
            sums[4 * cell + k] = (int32_t)sum;
        }
    }
}

/* The results of one tile and one filter, as far as they lie inside; sums are four apart. */
TINYC_ALWAYS_INLINE void tinyc_winograd_results(const tinyc_winograd_params *p, int32_t rows, int32_t columns,
                                                const int32_t *sums, int32_t bias, const int32_t *scale, int8_t *y)
{
    uint32_t result[4] = {(uint32_t)bias, (uint32_t)bias, (uint32_t)bias, (uint32_t)bias};
#pragma GCC unroll 4
    for (int32_t i = 0; i < 4; ++i) {
        const uint32_t m0 = (uint32_t)sums[16 * i], m1 = (uint32_t)sums[16 * i + 4];
        const uint32_t m2 = (uint32_t)sums[16 * i + 8], m3 = (uint32_t)sums[16 * i + 12];
        const uint32_t left = m0 + m1 + m2, right = m1 - m2 - m3;
        if (i < 3) {
            result[0] += left;
            result[1] += right;
        }
        if (i == 1) {
            result[2] += left;
            result[3] += right;
        } else if (i > 1) {
            result[2] -= left;
            result[3] -= right;
        }
    }
    const int32_t row = p->out_w * p->out_c;
    y[0] = tinyc_result(&p->stage, (int32_t)result[0], scale);
    if (columns > 1) {
        y[p->out_c] = tinyc_result(&p->stage, (int32_t)result[1], scale);
    }
    if (rows > 1) {
        y[row] = tinyc_result(&p->stage, (int32_t)result[2], scale);
        if (columns > 1) {
            y[row + p->out_c] = tinyc_result(&p->stage, (int32_t)result[3], scale);
        }
    }
}

TINYC_ALWAYS_INLINE void tinyc_winograd_s8_inline(const tinyc_winograd_params *p, const int8_t *x, const int32_t *w,
                                                  uint32_t *workspace, int8_t *y)
{
    const int32_t pair = TINYC_WINOGRAD_CELLS * p->in_c; /* words of U, and of V */
    const int32_t words = 2 + pair + 2 * TINYC_SCALE_WORDS, across = (p->out_w + 1) / 2;
    uint32_t *const columns = workspace + (p->tiles + 1) / 2 * pair;
    int32_t sums[4 * TINYC_WINOGRAD_CELLS];
    for (int32_t n = 0; n < p->batches; ++n) {
        for (int32_t row = 0; row < p->out_h; row += 2) {
            for (int32_t first = 0; first < across; first += p->tiles) {
                const int32_t tiles = across - first < p->tiles ? across - first : p->tiles;
                tinyc_winograd_tiles(p, tiles, row - p->pad_top, 2 * first - p->pad_left, x, columns, workspace);
                const int32_t *filters = w;
                int8_t *to = y + (row * p->out_w + 2 * first) * p->out_c;
                for (int32_t f = 0; f < p->out_c; f += 2, filters += words, to += 2) {
                    for (int32_t t = 0; t < tiles; t += 2) {
                        tinyc_winograd_products(p, workspace + t / 2 * pair, filters + 2, sums);
                        const int32_t *const scales = filters + 2 + pair;
#pragma GCC unroll 4
                        for (int32_t k = 0; k < 4; ++k) {
                            if (t + k / 2 < tiles && f + k % 2 < p->out_c) {
                                const int32_t at = t + k / 2;
                                tinyc_winograd_results(p, p->out_h - row, p->out_w - 2 * (first + at), sums + k,
                                                       filters[k % 2], scales + (k % 2) * TINYC_SCALE_WORDS,
                                                       to + 2 * at * p->out_c + k % 2);
                            }
                        }
                    }
                }
            }
        }
        x += p->in_h * p->in_w * p->in_c;
        y += p->out_h * p->out_w * p->out_c;
    }
}

#endif
