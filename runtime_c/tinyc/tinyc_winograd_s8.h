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
 * Cells go row by row, of each row cells 1 and 2 first, whose sum and difference start the sums that cell 0 and (with U
 * negated) cell 3 are added to: that makes A come almost for free.
 *
 * Two tiles are taken times two filters. Channels come in fours, as two words of int16: a has channels 0 and 2, b 1 and 3.
 * V is [pair of tiles][cell][fours]{a, b of one tile, a, b of the other}, U the same with filters in place of tiles.
 */
#ifndef TINYC_WINOGRAD_S8_H
#define TINYC_WINOGRAD_S8_H

#include "tinyc_simd.h"
#include "tinyc_winograd_results.h"

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
                tinyc_winograd_turn(0, 0, 0, 0, to, 2);
                tinyc_winograd_turn(0, 0, 0, 0, to + 1, 2);
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
#pragma GCC unroll 2
                for (int32_t lane = 0; lane < 2; ++lane) {
                    const uint32_t *const d = of + 2 * k + lane;
                    uint32_t *const row_of = tile + 4 * k * step + lane;
                    row_of[0] = tinyc_winograd_add(d[8], d[16]);
                    row_of[step] = tinyc_winograd_sub(d[16], d[8]);
                    row_of[2 * step] = tinyc_winograd_sub(d[0], d[16]);
                    row_of[3 * step] = tinyc_winograd_sub(d[8], d[24]);
                }
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
/* The step that starts sums. */
#define TINYC_WINOGRAD_START                                                                                           \
    TINYC_WINOGRAD_LOAD "smuad r0, r8, r4\n\tsmuad r1, r10, r4\n\tsmuad r2, r8, r6\n\tsmuad r3, r10, r6\n\t"           \
    "smlad r0, r9, r5, r0\n\tsmlad r1, r11, r5, r1\n\tsmlad r2, r9, r7, r2\n\tsmlad r3, r11, r7, r3\n\t"
/* `steps` more: written out, or so many a round. */
#define TINYC_WINOGRAD_MORE(steps)                                                                                     \
    ".if " steps " <= %c[round]\n\t.rept " steps "\n\t" TINYC_WINOGRAD_STEP ".endr\n\t.else\n\t"                       \
    ".rept (" steps ") %% %c[round]\n\t" TINYC_WINOGRAD_STEP ".endr\n\t"                                               \
    "add r4, r12, #(" steps ") / %c[round] * %c[round] * 16\n\tstr r4, [sp, #8]\n"                                     \
    "2:\n\t.rept %c[round]\n\t" TINYC_WINOGRAD_STEP ".endr\n\tldr r4, [sp, #8]\n\tcmp r12, r4\n\tbne 2b\n\t.endif\n\t"
#define TINYC_WINOGRAD_ROUND 16

/* The compiler takes a line of assembly for one instruction, and must not take a .rept for less than it becomes. */
#define TINYC_WINOGRAD_16_LINES "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"
#define TINYC_WINOGRAD_64_LINES                                                                                        \
    TINYC_WINOGRAD_16_LINES TINYC_WINOGRAD_16_LINES TINYC_WINOGRAD_16_LINES TINYC_WINOGRAD_16_LINES
#define TINYC_WINOGRAD_256_LINES                                                                                       \
    TINYC_WINOGRAD_64_LINES TINYC_WINOGRAD_64_LINES TINYC_WINOGRAD_64_LINES TINYC_WINOGRAD_64_LINES

#endif

/* sum plus the products of the fours of one tile and one filter. */
TINYC_ALWAYS_INLINE uint32_t tinyc_winograd_dot(int32_t fours, const uint32_t *v, const int32_t *u, uint32_t sum)
{
    for (int32_t i = 0; i < fours; ++i, v += 4, u += 4) {
#pragma GCC unroll 2
        for (int32_t j = 0; j < 2; ++j) {
#if defined(TINYC_DSP)
            sum = (uint32_t)tinyc_dot2(v[j], (uint32_t)u[j], (int32_t)sum);
#else
            const uint32_t low = (uint32_t)((int16_t)(v[j] & 0xffff) * (int16_t)(u[j] & 0xffff));
            sum += low + (uint32_t)((int16_t)(v[j] >> 16) * (int16_t)((uint32_t)u[j] >> 16));
#endif
        }
    }
    return sum;
}

/* The products of two tiles and two filters, times A: sums [row][left or right][tile][filter]. */
TINYC_ALWAYS_INLINE void tinyc_winograd_products(const tinyc_winograd_params *p, const uint32_t *v, const int32_t *u,
                                                 uint32_t *sums)
{
    const int32_t fours = p->in_c / 4;
#if defined(TINYC_WINOGRAD_ASM)
    if (__builtin_constant_p(fours)) {
        register uint32_t *to __asm__("r0") = sums;
        register uint32_t *end __asm__("r1") = sums + TINYC_WINOGRAD_SUMS;
        register const uint32_t *tiles __asm__("r12") = v;
        register const int32_t *filters __asm__("lr") = u;
        /* fourteen registers are just enough: where the sums go, and where loops end, waits on the stack */
        __asm__ volatile("push {r0, r1, r2}\n1:\n\t" TINYC_WINOGRAD_START TINYC_WINOGRAD_MORE("%c[fours] - 1")
                         "ldr r4, [sp]\n\tstmia r4, {r0-r3}\n\t"
                         TINYC_WINOGRAD_START TINYC_WINOGRAD_MORE("%c[fours] - 1")
                         /* what left starts with is the sum of both, what right starts with the difference */
                         "ldr r8, [sp]\n\tldmia r8!, {r4-r7}\n\t"
                         "add r0, r4, r0\n\tadd r1, r5, r1\n\tadd r2, r6, r2\n\tadd r3, r7, r3\n\t"
                         "rsb r4, r0, r4, lsl #1\n\trsb r5, r1, r5, lsl #1\n\t"
                         "rsb r6, r2, r6, lsl #1\n\trsb r7, r3, r7, lsl #1\n\tstmia r8, {r4-r7}\n\t"
                         TINYC_WINOGRAD_MORE("%c[fours]")
                         "ldr r4, [sp]\n\tstmia r4!, {r0-r3}\n\tldmia r4, {r0-r3}\n\tstr r4, [sp]\n\t"
                         TINYC_WINOGRAD_MORE("%c[fours]")
                         "ldrd r4, r5, [sp]\n\tstmia r4!, {r0-r3}\n\tstr r4, [sp]\n\tcmp r4, r5\n\tbne 1b\n\t"
                         "add sp, sp, #12" TINYC_WINOGRAD_256_LINES TINYC_WINOGRAD_256_LINES TINYC_WINOGRAD_256_LINES
                         : "+r"(to), "+r"(end), "+r"(tiles), "+r"(filters)
                         : [fours] "i"(fours), [round] "i"(TINYC_WINOGRAD_ROUND)
                         : "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "cc", "memory");
        return;
    }
#endif
    const int32_t cell = 4 * fours;
    for (int32_t row = 0; row < 4; ++row, v += 4 * cell, u += 4 * cell, sums += 8) {
        for (int32_t k = 0; k < 4; ++k) {
            const uint32_t *const a = v + k / 2 * 2;
            const int32_t *const b = u + k % 2 * 2;
            const uint32_t m1 = tinyc_winograd_dot(fours, a, b, 0);
            const uint32_t m2 = tinyc_winograd_dot(fours, a + cell, b + cell, 0);
            sums[k] = tinyc_winograd_dot(fours, a + 2 * cell, b + 2 * cell, m1 + m2);
            sums[4 + k] = tinyc_winograd_dot(fours, a + 3 * cell, b + 3 * cell, m1 - m2);
        }
    }
}

/* `sum`, if not NULL, is made of results and `other`. */
TINYC_ALWAYS_INLINE void tinyc_winograd(const tinyc_winograd_params *p, const tinyc_sum_stage *sum, const int8_t *x,
                                        const int32_t *w, const int8_t *other, uint32_t *workspace, int8_t *y)
{
    const int32_t pair = TINYC_WINOGRAD_CELLS * p->in_c; /* words of U, and of V */
    const int32_t words = 2 + pair + 2 * TINYC_SCALE_WORDS, across = (p->out_w + 1) / 2;
    uint32_t *const columns = workspace + (p->tiles + 1) / 2 * pair;
    tinyc_winograd_block block;
    if (sum != NULL) {
        block.value_factor = sum->value_factor;
        block.other_factor = sum->other_factor;
        block.start = sum->start;
    }
    for (int32_t n = 0; n < p->batches; ++n) {
        for (int32_t row = 0; row < p->out_h; row += 2) {
            for (int32_t first = 0; first < across; first += p->tiles) {
                const int32_t tiles = across - first < p->tiles ? across - first : p->tiles;
                tinyc_winograd_tiles(p, tiles, row - p->pad_top, 2 * first - p->pad_left, x, columns, workspace);
                const int32_t *filters = w;
                for (int32_t f = 0; f < p->out_c; f += 2, filters += words) {
                    for (int32_t t = 0; t < tiles; t += 2) {
                        tinyc_winograd_products(p, workspace + t / 2 * pair, filters + 2, block.sums);
                        tinyc_winograd_pair(p, sum, p->out_c - f, row, 2 * (first + t), &block, filters, other + f, y + f);
                    }
                }
            }
        }
        x += p->in_h * p->in_w * p->in_c;
        other += p->out_h * p->out_w * p->out_c;
        y += p->out_h * p->out_w * p->out_c;
    }
}

TINYC_ALWAYS_INLINE void tinyc_winograd_s8_inline(const tinyc_winograd_params *p, const int8_t *x, const int32_t *w,
                                                  uint32_t *workspace, int8_t *y)
{
    tinyc_winograd(p, NULL, x, w, y, workspace, y); /* no other */
}

#endif
