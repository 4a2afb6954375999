/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal: tinyc_conv_max_s8, for a caller that knows the parameters when it is compiled. The cells of a window are
 * taken two by two, as tinyc_pairs.h takes pixels: their columns lie one behind the other, and a pair of filters goes
 * through all of them. The last cell of an odd number has a column of its own.
 */
#ifndef TINYC_CONV_MAX_S8_H
#define TINYC_CONV_MAX_S8_H

#include "tinyc_conv_max.h"
#include "tinyc_conv_pairs.h"

#if defined(TINYC_PAIRS_ASM)
#include "tinyc_conv_max_asm.h"
#endif

/* The columns of the cells of a window, whose first cell is at this row and column of the convolution's result. */
TINYC_ALWAYS_INLINE void tinyc_conv_max_columns(const tinyc_conv_max_params *params, int32_t row, int32_t column,
                                                const int8_t *x, uint32_t *columns)
{
    const tinyc_conv_pairs_params *const p = &params->conv;
    const tinyc_max_windows *const m = &params->windows;
    const int32_t fours = tinyc_conv_pairs_sizes_of(p, params->wide).fours, cells = m->kernel_h * m->kernel_w;
    const int32_t together = m->kernel_w % 2 == 0 && m->out_w * m->kernel_w <= p->out_w ? 2 : 1;
    int32_t cell = 0;
    for (int32_t i = row; i < row + m->kernel_h; i++) {
        const int32_t top = tinyc_max_cell(i, p->out_h, m->kernel_h, m->out_h) * p->stride_h - p->pad_top;
        for (int32_t j = column; j < column + m->kernel_w; j += together) {
            const int32_t left = tinyc_max_cell(j, p->out_w, m->kernel_w, m->out_w) * p->stride_w - p->pad_left;
            const tinyc_conv_pairs_place place = {top, left, (top * p->in_w + left) * p->in_c};
            if (cells % 2 != 0 && cell == cells - 1) {
                tinyc_conv_pairs_columns(p, x, &place, columns, 2, 1, params->wide);
            } else {
                tinyc_conv_pairs_columns(p, x, &place, columns + 2 * (cell % 2), 4, together, params->wide);
            }
            cell += together;
            columns += cell % 2 == 0 ? 4 * fours : 0;
        }
    }
}

/* The results of all filters for one window. */
TINYC_ALWAYS_INLINE void tinyc_conv_max_filters(const tinyc_stage *stage, const uint32_t *column, int32_t fours,
                                                int32_t cells, const int32_t *w, int8_t *results, int32_t out_c,
                                                int wide)
{
#if defined(TINYC_PAIRS_ASM) && TINYC_SCALE_WORDS == 1
    if (__builtin_constant_p(fours) && __builtin_constant_p(stage->right) && stage->low == -128 && stage->high == 127 &&
        (cells == 2 || cells == 4)) {
        const int32_t add = (int32_t)((uint32_t)stage->offset << stage->right) + (1 << (stage->right - 1));
        int8_t *y[2] = {results, results + out_c + out_c % 2};
#define TINYC_CONV_MAX_FILTERS(STORE)                                                                                  \
    if (wide && cells == 2) {                                                                                          \
        TINYC_PAIRS_WIDE_FILTERS(0, 0, TINYC_PAIRS_LARGER_OF2 TINYC_PAIRS_RESULTS1 STORE);                             \
    } else if (wide) {                                                                                                 \
        TINYC_PAIRS_WIDE_MAX_FILTERS(TINYC_PAIRS_RESULTS1 STORE);                                                      \
    } else if (cells == 2) {                                                                                           \
        TINYC_PAIRS_BYTES_FILTERS(0, 0, TINYC_PAIRS_LARGER_OF2 TINYC_PAIRS_RESULTS1 STORE);                            \
    } else {                                                                                                           \
        TINYC_PAIRS_BYTES_MAX_FILTERS(TINYC_PAIRS_RESULTS1 STORE);                                                     \
    }
        if (out_c % 2 == 0) {
            TINYC_CONV_MAX_FILTERS(TINYC_PAIRS_STORE1)
        } else {
            TINYC_CONV_MAX_FILTERS(TINYC_PAIRS_STORE1_ODD)
        }
#undef TINYC_CONV_MAX_FILTERS
        return;
    }
#endif
    for (int32_t o = 0; o < out_c; o += 2) {
        int32_t sums[4];
        int32_t most[2] = {0};
        int32_t scales[2 * TINYC_SCALE_WORDS];
        const int32_t *next = w;
        for (int32_t cell = 0; cell + 1 < cells; cell += 2) {
            next = tinyc_pairs_of_two(sums, column + 2 * fours * cell, w, fours, wide);
            for (int32_t f = 0; f < 2; f++) {
                const int32_t larger = tinyc_larger(sums[f], sums[2 + f]);
                most[f] = cell == 0 ? larger : tinyc_larger(most[f], larger);
            }
        }
        if (cells % 2 != 0) {
            next = tinyc_pairs_of_one(sums, column + 2 * fours * (cells - 1), w, fours, wide);
            for (int32_t f = 0; f < 2; f++) {
                most[f] = tinyc_larger(most[f], sums[f]);
            }
        }
        w = next;
        for (int32_t i = 0; i < TINYC_SCALE_WORDS; i++) {
            w = tinyc_pairs_next(w, scales + 2 * i);
        }
        results[o] = tinyc_result(stage, most[0], scales);
        if (out_c % 2 == 0 || o + 1 < out_c) {
            results[o + 1] = tinyc_result(stage, most[1], scales + TINYC_SCALE_WORDS);
        }
    }
}

TINYC_ALWAYS_INLINE void tinyc_conv_max_s8_inline(const tinyc_conv_max_params *params, const int8_t *x,
                                                  const int32_t *w, uint32_t *columns, int8_t *y)
{
    const tinyc_conv_pairs_params *const p = &params->conv;
    const tinyc_max_windows *const m = &params->windows;
    const tinyc_stage stage = p->stage; /* a copy, which no store of a result can change */
    const int32_t fours = tinyc_conv_pairs_sizes_of(p, params->wide).fours;
    for (int32_t n = 0; n < p->batches; n++) {
        for (int32_t row = 0; row < m->out_h * m->kernel_h; row += m->kernel_h) {
            for (int32_t column = 0; column < m->out_w * m->kernel_w; column += m->kernel_w) {
                tinyc_conv_max_columns(params, row, column, x, columns);
                tinyc_conv_max_filters(&stage, columns, fours, m->kernel_h * m->kernel_w, w, y, p->out_c,
                                       params->wide);
                y += p->out_c;
            }
        }
        x += p->in_h * p->in_w * p->in_c;
    }
}

#endif
