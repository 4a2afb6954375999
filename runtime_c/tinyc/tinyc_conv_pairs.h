/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: a convolution as products of pairs of pixels and pairs of filters; see tinyc_conv_pairs_s8. */
#ifndef TINYC_CONV_PAIRS_H
#define TINYC_CONV_PAIRS_H

#include "tinyc_pairs.h"
#include "tinyc_pairs_sum.h"

#if defined(__GNUC__)
#define TINYC_NEVER_INLINE static __attribute__((noinline, unused))
#else
#define TINYC_NEVER_INLINE static inline
#endif

/* What follows from the sizes of a convolution. A kernel row over x is a run of bytes. A column has the whole words of
 * each run, run after run, then the bytes that are left of each, four to a word. */
typedef struct {
    int32_t run;   /* bytes */
    int32_t words; /* in a run */
    int32_t left;  /* bytes of a run after its words */
    int32_t tail;  /* words of these bytes */
    int32_t fours; /* words in a column, and where weights are in bytes an even number */
} tinyc_conv_pairs_sizes;

TINYC_ALWAYS_INLINE tinyc_conv_pairs_sizes tinyc_conv_pairs_sizes_of(const tinyc_conv_pairs_params *p, int wide)
{
    tinyc_conv_pairs_sizes sizes;
    sizes.run = p->kernel_w * p->in_c;
    sizes.words = sizes.run / 4;
    sizes.left = sizes.run % 4;
    sizes.tail = (p->kernel_h * sizes.left + 3) / 4;
    sizes.fours = p->kernel_h * sizes.words + sizes.tail;
    if (!wide) {
        sizes.fours += sizes.fours % 2;
    }
    return sizes;
}

TINYC_ALWAYS_INLINE uint32_t tinyc_conv_pairs_load(const int8_t *from)
{
    uint32_t word;
    (void)memcpy(&word, from, sizeof word);
    return word;
}

/* The column of a window that lies inside x and starts at `from`; `step`: words from four values to the next four. For
 * constant sizes: small ones are written out. */
TINYC_ALWAYS_INLINE void tinyc_conv_pairs_inside(const tinyc_conv_pairs_params *p, const int8_t *from, uint32_t *column,
                                                 int32_t step, int wide)
{
    const tinyc_conv_pairs_sizes sizes = tinyc_conv_pairs_sizes_of(p, wide);
    const int32_t row = p->in_w * p->in_c;
    if (p->kernel_h * sizes.words <= 16) {
#pragma GCC unroll 16
        for (int32_t i = 0; i < p->kernel_h; i++) {
#pragma GCC unroll 16
            for (int32_t k = 0; k < sizes.words; k++) {
                column = tinyc_pairs_put_values(column, step, tinyc_conv_pairs_load(from + i * row + 4 * k), wide);
            }
        }
    } else {
        const int8_t *at = from;
        for (int32_t i = 0; i < p->kernel_h; i++) {
#pragma GCC unroll 4
            for (int32_t k = 0; k < sizes.words; k++) {
                column = tinyc_pairs_put_values(column, step, tinyc_conv_pairs_load(at), wide);
                at += 4;
            }
            at += row - 4 * sizes.words;
        }
    }
    if (sizes.left > 0) {
        uint32_t word = 0;
        int32_t count = 0;
#pragma GCC unroll 16
        for (int32_t i = 0; i < p->kernel_h; i++) {
#pragma GCC unroll 3
            for (int32_t k = 4 * sizes.words; k < sizes.run; k++) {
                word |= (uint32_t)(uint8_t)from[i * row + k] << 8 * (count % 4);
                count++;
                if (count % 4 == 0) {
                    column = tinyc_pairs_put_values(column, step, word, wide);
                    word = 0;
                }
            }
        }
        if (count % 4 != 0) {
            (void)tinyc_pairs_put_values(column, step, word, wide);
        }
    }
}

/* Four bytes of a row of a window, from byte `at` on. Those from `first` to `end` are x's; the row of x goes from
 * `least` to `most`. */
TINYC_ALWAYS_INLINE uint32_t tinyc_conv_pairs_mixed(const int8_t *row, int32_t at, int32_t first, int32_t end,
                                                    int32_t least, int32_t most, uint32_t outside)
{
    if (first > at && end >= at + 4 && first + 4 <= most) {
        const int32_t bits = 8 * (first - at);
        return tinyc_conv_pairs_load(row + first) << bits | (outside & ((1u << bits) - 1u));
    }
    if (first <= at && end - 4 >= least) {
        const int32_t bits = 8 * (at + 4 - end);
        return tinyc_conv_pairs_load(row + end - 4) >> bits | (outside & ~(0xFFFFFFFFu >> bits));
    }
    uint32_t word = 0;
    for (int32_t i = at; i < at + 4; i++) {
        word = word >> 8 | (i >= first && i < end ? (uint32_t)(uint8_t)row[i] << 24 : outside & 0xFF000000u);
    }
    return word;
}

/* The column of a window whose first cell is (row, col), anywhere: outside x there is pad_value. */
TINYC_ALWAYS_INLINE void tinyc_conv_pairs_around(const tinyc_conv_pairs_params *p, const int8_t *x, int32_t row,
                                                 int32_t col, uint32_t *column, int32_t step, int wide)
{
    const tinyc_conv_pairs_sizes sizes = tinyc_conv_pairs_sizes_of(p, wide);
    const int32_t whole = 4 * sizes.words;
    const int32_t least = -col * p->in_c;
    const int32_t before = least > 0 ? least : 0;
    const int32_t behind = (p->in_w - col) * p->in_c;
    const int32_t first = before < sizes.run ? before : sizes.run;
    const int32_t end = behind > sizes.run ? sizes.run : behind > first ? behind : first;
    const uint32_t pad = (uint32_t)(uint8_t)p->pad_value * 0x01010101u;
    uint32_t outside[2];
    tinyc_pairs_expand(pad, wide, outside);
    if (sizes.left == 0 && first == 0 && end == sizes.run && row >= 0 && row <= p->in_h - p->kernel_h) {
        const int8_t *from = x + (row * p->in_w + col) * p->in_c;
        for (int32_t i = 0; i < p->kernel_h; i++) {
            for (int32_t k = 0; k < whole; k += 4) {
                column = tinyc_pairs_put_values(column, step, tinyc_conv_pairs_load(from + k), wide);
            }
            from += p->in_w * p->in_c;
        }
        return;
    }
    uint32_t *tail = column + p->kernel_h * sizes.words * step;
    uint32_t word = 0;
    int32_t shift = 0;
    for (int32_t i = row; i < row + p->kernel_h; i++) {
        const int in = i >= 0 && i < p->in_h && first < end;
        const int32_t from = in ? first : sizes.run;
        const int32_t to = in ? end : sizes.run;
        const int8_t *const cells = in ? x + (i * p->in_w + col) * p->in_c : x;
        int32_t k = 0;
        for (; k + 4 <= from; k += 4) {
            column = tinyc_pairs_put(column, step, outside);
        }
        while (k < to && k < whole) {
            if (k >= from && k + 4 <= to) {
                for (; k + 4 <= to; k += 4) {
                    column = tinyc_pairs_put_values(column, step, tinyc_conv_pairs_load(cells + k), wide);
                }
            } else {
                const uint32_t values = tinyc_conv_pairs_mixed(cells, k, from, to, least, behind, pad);
                column = tinyc_pairs_put_values(column, step, values, wide);
                k += 4;
            }
        }
        for (; k < whole; k += 4) {
            column = tinyc_pairs_put(column, step, outside);
        }
        for (k = whole; k < sizes.run; k++) {
            const int32_t value = k >= from && k < to ? cells[k] : p->pad_value;
            word |= (uint32_t)(uint8_t)value << shift;
            shift += 8;
            if (shift == 32) {
                tail = tinyc_pairs_put_values(tail, step, word, wide);
                word = 0;
                shift = 0;
            }
        }
    }
    if (shift > 0) {
        (void)tinyc_pairs_put_values(tail, step, word, wide);
    }
}

/* Bytes in a row of a window up to which a layer has code of its own for the border; others share a function. */
#define TINYC_CONV_PAIRS_SHORT 16

TINYC_NEVER_INLINE void tinyc_conv_pairs_around_wide(const tinyc_conv_pairs_params *p, const int8_t *x, int32_t row,
                                                     int32_t col, uint32_t *column, int32_t step)
{
    tinyc_conv_pairs_around(p, x, row, col, column, step, 1);
}

TINYC_NEVER_INLINE void tinyc_conv_pairs_around_bytes(const tinyc_conv_pairs_params *p, const int8_t *x, int32_t row,
                                                      int32_t col, uint32_t *column, int32_t step)
{
    tinyc_conv_pairs_around(p, x, row, col, column, step, 0);
}

/* Whether any window reaches beyond x. */
TINYC_ALWAYS_INLINE int tinyc_conv_pairs_padded(const tinyc_conv_pairs_params *p)
{
    const int32_t bottom = (p->out_h - 1) * p->stride_h - p->pad_top + p->kernel_h;
    const int32_t right = (p->out_w - 1) * p->stride_w - p->pad_left + p->kernel_w;
    return p->pad_top > 0 || p->pad_left > 0 || bottom > p->in_h || right > p->in_w;
}

/* Where the window of the next pixel starts: its cell, and how many bytes behind the start of the image. */
typedef struct {
    int32_t row, col, bytes;
} tinyc_conv_pairs_place;

/* The columns of the windows of `count` neighbouring pixels of a row of the result. */
TINYC_ALWAYS_INLINE void tinyc_conv_pairs_columns(const tinyc_conv_pairs_params *p, const int8_t *x,
                                                  const tinyc_conv_pairs_place *place, uint32_t *column, int32_t step,
                                                  int32_t count, int wide)
{
    const int32_t run = p->kernel_w * p->in_c;
    const int32_t last = place->col + (count - 1) * p->stride_w;
    const int in_rows = place->row >= 0 && place->row <= p->in_h - p->kernel_h;
    const int in_cols = place->col >= 0 && last <= p->in_w - p->kernel_w;
    const int inside = !tinyc_conv_pairs_padded(p) || (in_rows && in_cols);
    if (inside && __builtin_constant_p(run)) {
        for (int32_t i = 0; i < count; i++) {
            tinyc_conv_pairs_inside(p, x + place->bytes + i * p->stride_w * p->in_c, column + 2 * i, step, wide);
        }
        return;
    }
    for (int32_t i = 0; i < count; i++) {
        const int32_t col = place->col + i * p->stride_w;
        if (__builtin_constant_p(run) && run <= TINYC_CONV_PAIRS_SHORT && step == 4) {
            tinyc_conv_pairs_around(p, x, place->row, col, column + 2 * i, step, wide);
        } else if (wide) {
            tinyc_conv_pairs_around_wide(p, x, place->row, col, column + 2 * i, step);
        } else {
            tinyc_conv_pairs_around_bytes(p, x, place->row, col, column + 2 * i, step);
        }
    }
}

TINYC_ALWAYS_INLINE void tinyc_conv_pairs_move_on(const tinyc_conv_pairs_params *p, tinyc_conv_pairs_place *place,
                                                  int32_t count)
{
    place->col += count * p->stride_w;
    place->bytes += count * p->stride_w * p->in_c;
    if (place->col == p->out_w * p->stride_w - p->pad_left) {
        place->col = -p->pad_left;
        place->row += p->stride_h;
        place->bytes += (p->stride_h * p->in_w - p->out_w * p->stride_w) * p->in_c;
    }
}

/* The results of one pixel, or of two; if there is a `sum`, of that with `other`. */
TINYC_ALWAYS_INLINE void tinyc_conv_pairs_results(const tinyc_stage *stage, const tinyc_sum_stage *sum,
                                                  const uint32_t *column, int32_t fours, const int32_t *w,
                                                  const int8_t *other, int8_t *y, int32_t out_c, int32_t pixels, int wide)
{
    if (sum != NULL) {
        tinyc_pairs_sums(stage, sum, column, fours, w, other, y, out_c, pixels, wide);
    } else {
        tinyc_pairs_results(stage, column, fours, w, y, out_c, out_c, pixels, wide);
    }
}

/* `sum`, if not NULL, is made of results and `other`. */
TINYC_ALWAYS_INLINE void tinyc_conv_pairs(const tinyc_conv_pairs_params *p, const tinyc_sum_stage *sum, const int8_t *x,
                                          const int32_t *w, const int8_t *other, uint32_t *column, int8_t *y, int wide)
{
    const tinyc_stage stage = p->stage; /* a copy, which no store of a result can change */
    const int32_t out_c = p->out_c;
    const int32_t pixels = p->out_h * p->out_w;
    const int32_t fours = tinyc_conv_pairs_sizes_of(p, wide).fours;
    for (int32_t n = 0; n < p->batches; n++) {
        tinyc_conv_pairs_place place = {-p->pad_top, -p->pad_left, -(p->pad_top * p->in_w + p->pad_left) * p->in_c};
        for (int32_t pair = 0; pair < pixels / 2; pair++) {
            if (__builtin_constant_p(p->out_w) && p->out_w % 2 == 0 && p->out_w >= 16) {
                tinyc_conv_pairs_columns(p, x, &place, column, 4, 2, wide);
                tinyc_conv_pairs_move_on(p, &place, 2);
            } else {
                for (int32_t i = 0; i < 2; i++) {
                    tinyc_conv_pairs_columns(p, x, &place, column + 2 * i, 4, 1, wide);
                    tinyc_conv_pairs_move_on(p, &place, 1);
                }
            }
            tinyc_conv_pairs_results(&stage, sum, column, fours, w, other, y, out_c, 2, wide);
            other += 2 * out_c;
            y += 2 * out_c;
        }
        if (pixels % 2 != 0) {
            tinyc_conv_pairs_columns(p, x, &place, column, 2, 1, wide);
            tinyc_conv_pairs_results(&stage, sum, column, fours, w, other, y, out_c, 1, wide);
            other += out_c;
            y += out_c;
        }
        x += p->in_h * p->in_w * p->in_c;
    }
}

#endif
