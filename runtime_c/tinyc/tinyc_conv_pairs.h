/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: a convolution as products of pairs of pixels and pairs of filters; see tinyc_conv_pairs_s8. */
#ifndef TINYC_CONV_PAIRS_H
#define TINYC_CONV_PAIRS_H

#include "tinyc_pairs.h"

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

/* The column of a window that lies inside x and starts at `from`; `step`: words from four values to the next four. */
TINYC_ALWAYS_INLINE void tinyc_conv_pairs_inside(const tinyc_conv_pairs_params *p, const int8_t *from, uint32_t *column,
                                                 int32_t step, int wide)
{
    const tinyc_conv_pairs_sizes sizes = tinyc_conv_pairs_sizes_of(p, wide);
    const int32_t row = p->in_w * p->in_c;
    const int8_t *bytes = from + 4 * sizes.words;
    for (int32_t i = 0; i < p->kernel_h; i++) {
        const int8_t *at = from;
#pragma GCC unroll 4
        for (int32_t k = 0; k < sizes.words; k++) {
            tinyc_pairs_expand(tinyc_conv_pairs_load(at), wide, column);
            at += 4;
            column += step;
        }
        from += row;
    }
    if (sizes.left > 0) {
        uint32_t word = 0;
        int32_t shift = 0;
        for (int32_t i = 0; i < p->kernel_h; i++) {
            for (int32_t k = 0; k < sizes.left; k++) {
                word |= (uint32_t)(uint8_t)bytes[k] << shift;
                shift += 8;
                if (shift == 32) {
                    tinyc_pairs_expand(word, wide, column);
                    column += step;
                    word = 0;
                    shift = 0;
                }
            }
            bytes += row;
        }
        if (shift > 0) {
            tinyc_pairs_expand(word, wide, column);
        }
    }
}

/* Four bytes of a row of a window, from byte `at` on; those before `first` and from `end` on are outside x. */
TINYC_ALWAYS_INLINE uint32_t tinyc_conv_pairs_mixed(const int8_t *row, int32_t at, int32_t first, int32_t end,
                                                    int32_t outside)
{
    uint32_t word = 0;
    for (int32_t i = 0; i < 4; i++) {
        const int32_t value = at + i >= first && at + i < end ? row[at + i] : outside;
        word |= (uint32_t)(uint8_t)value << 8 * i;
    }
    return word;
}

/* The column of a window whose first cell is (row, col), anywhere: outside x there is pad_value. */
TINYC_ALWAYS_INLINE void tinyc_conv_pairs_around(const tinyc_conv_pairs_params *p, const int8_t *x, int32_t row,
                                                 int32_t col, uint32_t *column, int32_t step, int wide)
{
    const tinyc_conv_pairs_sizes sizes = tinyc_conv_pairs_sizes_of(p, wide);
    const int32_t before = (col < 0 ? -col : 0) * p->in_c;
    const int32_t behind = (p->in_w - col) * p->in_c;
    const int32_t first = before < sizes.run ? before : sizes.run;
    const int32_t end = behind > sizes.run ? sizes.run : behind > first ? behind : first;
    uint32_t outside[2];
    tinyc_pairs_expand((uint32_t)(uint8_t)p->pad_value * 0x01010101u, wide, outside);
    uint32_t *tail = column + p->kernel_h * sizes.words * step;
    uint32_t word = 0;
    int32_t shift = 0;
    for (int32_t i = row; i < row + p->kernel_h; i++) {
        const int in = i >= 0 && i < p->in_h && first < end;
        const int32_t from = in ? first : sizes.run;
        const int32_t to = in ? end : sizes.run;
        const int8_t *const cells = in ? x + (i * p->in_w + col) * p->in_c : x;
        int32_t k = 0;
        for (; k < from / 4; k++, column += step) {
            column[0] = outside[0];
            column[1] = outside[1];
        }
        while (k < sizes.words && 4 * k < to) {
            if (4 * k >= from && 4 * k + 4 <= to) {
                tinyc_pairs_expand(tinyc_conv_pairs_load(cells + 4 * k), wide, column);
            } else {
                tinyc_pairs_expand(tinyc_conv_pairs_mixed(cells, 4 * k, from, to, p->pad_value), wide, column);
            }
            column += step;
            k++;
        }
        for (; k < sizes.words; k++, column += step) {
            column[0] = outside[0];
            column[1] = outside[1];
        }
        for (k = 4 * sizes.words; k < sizes.run; k++) {
            const int32_t value = k >= from && k < to ? cells[k] : p->pad_value;
            word |= (uint32_t)(uint8_t)value << shift;
            shift += 8;
            if (shift == 32) {
                tinyc_pairs_expand(word, wide, tail);
                tail += step;
                word = 0;
                shift = 0;
            }
        }
    }
    if (shift > 0) {
        tinyc_pairs_expand(word, wide, tail);
    }
}

/* One function for all layers: windows at the border are few. */
TINYC_NEVER_INLINE void tinyc_conv_pairs_around_wide(const tinyc_conv_pairs_params *p, const int8_t *x,
                                                               int32_t row, int32_t col, uint32_t *column,
                                                               int32_t step)
{
    tinyc_conv_pairs_around(p, x, row, col, column, step, 1);
}

TINYC_NEVER_INLINE void tinyc_conv_pairs_around_bytes(const tinyc_conv_pairs_params *p, const int8_t *x,
                                                                int32_t row, int32_t col, uint32_t *column,
                                                                int32_t step)
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

/* Where the window of the next pixel starts. */
typedef struct {
    int32_t row, col;
} tinyc_conv_pairs_place;

/* The column of the window at `place`, which moves on. */
TINYC_ALWAYS_INLINE void tinyc_conv_pairs_column(const tinyc_conv_pairs_params *p, const int8_t *x,
                                                 tinyc_conv_pairs_place *place, uint32_t *column, int32_t step,
                                                 int wide)
{
    const int32_t row = place->row;
    const int32_t col = place->col;
    const int in_rows = row >= 0 && row <= p->in_h - p->kernel_h;
    const int in_cols = col >= 0 && col <= p->in_w - p->kernel_w;
    if (!tinyc_conv_pairs_padded(p) || (in_rows && in_cols)) {
        tinyc_conv_pairs_inside(p, x + (row * p->in_w + col) * p->in_c, column, step, wide);
    } else if (wide) {
        tinyc_conv_pairs_around_wide(p, x, row, col, column, step);
    } else {
        tinyc_conv_pairs_around_bytes(p, x, row, col, column, step);
    }
    place->col = col + p->stride_w;
    if (place->col == p->out_w * p->stride_w - p->pad_left) {
        place->col = -p->pad_left;
        place->row = row + p->stride_h;
    }
}

/* The results of one pixel, or of two, from their column. */
TINYC_ALWAYS_INLINE void tinyc_conv_pairs_results(const tinyc_conv_pairs_params *p, const uint32_t *column,
                                                  const int32_t *w, int8_t *y, int32_t pixels, int wide)
{
    const int32_t fours = tinyc_conv_pairs_sizes_of(p, wide).fours;
    int8_t *const next = y + p->out_c;
    for (int32_t o = 0; o < p->out_c; o += 2) {
        int32_t sums[4] = {w[0], w[1], w[0], w[1]};
        if (pixels == 2) {
            w = tinyc_pairs_of_two(sums, column, w + 2, fours, wide);
        } else {
            w = tinyc_pairs_of_one(sums, column, w + 2, fours, wide);
        }
        const int both = p->out_c % 2 == 0 || o + 1 < p->out_c;
        y[o] = tinyc_result(&p->stage, sums[0], w);
        if (both) {
            y[o + 1] = tinyc_result(&p->stage, sums[1], w + TINYC_SCALE_WORDS);
        }
        if (pixels == 2) {
            next[o] = tinyc_result(&p->stage, sums[2], w);
            if (both) {
                next[o + 1] = tinyc_result(&p->stage, sums[3], w + TINYC_SCALE_WORDS);
            }
        }
        w += 2 * TINYC_SCALE_WORDS;
    }
}

TINYC_ALWAYS_INLINE void tinyc_conv_pairs(const tinyc_conv_pairs_params *p, const int8_t *x, const int32_t *w,
                                          uint32_t *column, int8_t *y, int wide)
{
    const int32_t pixels = p->out_h * p->out_w;
    for (int32_t n = 0; n < p->batches; n++) {
        tinyc_conv_pairs_place place = {-p->pad_top, -p->pad_left};
        for (int32_t pair = 0; pair < pixels / 2; pair++) {
            for (int32_t i = 0; i < 2; i++) {
                tinyc_conv_pairs_column(p, x, &place, column + 2 * i, 4, wide);
            }
            tinyc_conv_pairs_results(p, column, w, y, 2, wide);
            y += 2 * p->out_c;
        }
        if (pixels % 2 != 0) {
            tinyc_conv_pairs_column(p, x, &place, column, 2, wide);
            tinyc_conv_pairs_results(p, column, w, y, 1, wide);
            y += p->out_c;
        }
        x += p->in_h * p->in_w * p->in_c;
    }
}

#endif
