/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: a convolution for cores without the DSP extension, made for its constants; see tinyc_kernels.h. */
#ifndef TINYC_CONV_PLAIN_S8_H
#define TINYC_CONV_PLAIN_S8_H

#include <string.h>

#include "tinyc_columns.h"

/* Where the window of a pixel starts, which may be outside x. */
typedef struct {
    int32_t row, column;
} tinyc_corner;

/* The column of windows that may reach beyond x: cell by cell, those outside from a pixel of padding. */
TINYC_ALWAYS_INLINE void tinyc_conv_plain_border(const tinyc_conv_plain_params *p, const int8_t *x, const int8_t *pad,
                                                 const tinyc_corner *corners, uint32_t *column)
{
    for (int32_t ky = 0; ky < p->kernel_h; ++ky) {
        for (int32_t kx = 0; kx < p->kernel_w; ++kx) {
            const int8_t *cells[TINYC_COLUMN_PIXELS];
            for (int32_t i = 0; i < TINYC_COLUMN_PIXELS; ++i) {
                const int32_t row = corners[i].row + ky;
                const int32_t col = corners[i].column + kx;
                const int inside = row >= 0 && row < p->in_h && col >= 0 && col < p->in_w;
                cells[i] = inside ? x + (row * p->in_w + col) * p->in_c : pad;
            }
            column = tinyc_spread(column, cells, p->in_c);
        }
    }
}

/* The same for windows inside x: row by row. */
TINYC_ALWAYS_INLINE void tinyc_conv_plain_inside(const tinyc_conv_plain_params *p, const int8_t *x,
                                                 const tinyc_corner *corners, uint32_t *column)
{
    const int8_t *rows[TINYC_COLUMN_PIXELS];
    for (int32_t i = 0; i < TINYC_COLUMN_PIXELS; ++i) {
        rows[i] = x + (corners[i].row * p->in_w + corners[i].column) * p->in_c;
    }
    for (int32_t ky = 0; ky < p->kernel_h; ++ky) {
        column = tinyc_spread(column, rows, p->kernel_w * p->in_c);
        for (int32_t i = 0; i < TINYC_COLUMN_PIXELS; ++i) {
            rows[i] += p->in_w * p->in_c;
        }
    }
}

/* All filters over one column; `count` of its pixels are wanted. */
TINYC_ALWAYS_INLINE void tinyc_conv_plain_filters(const tinyc_conv_plain_params *p, int32_t count, const int32_t *w,
                                                  const uint32_t *column, int8_t *y)
{
    const int32_t *block = w;
    for (int32_t o = 0; o < p->out_c; o += 2) {
        const int32_t *const scales = block + 2;
        const int32_t *const weights = scales + 2 * TINYC_SCALE_WORDS;
        tinyc_sums sums[2];
        tinyc_column_sums_x2(p->steps, column, (const int8_t *)weights, sums);
        tinyc_results(&p->stage, count, sums[0].of, block[0], scales, y + o, p->out_c);
        if (o + 1 < p->out_c) {
            tinyc_results(&p->stage, count, sums[1].of, block[1], scales + TINYC_SCALE_WORDS, y + o + 1, p->out_c);
        }
        block = weights + 2 * p->steps;
    }
}

/* Whether any window reaches beyond x. */
TINYC_ALWAYS_INLINE int tinyc_conv_plain_padded(const tinyc_conv_plain_params *p)
{
    const int32_t last_row = p->in_h - p->kernel_h;
    const int32_t last_column = p->in_w - p->kernel_w;
    return p->pad_top > 0 || p->pad_left > 0 || (p->out_h - 1) * p->stride_h - p->pad_top > last_row ||
           (p->out_w - 1) * p->stride_w - p->pad_left > last_column;
}

TINYC_ALWAYS_INLINE void tinyc_conv_plain_s8_inline(const tinyc_conv_plain_params *p, const int8_t *x, const int32_t *w,
                                                    uint32_t *workspace, int8_t *y)
{
    const int32_t last_row = p->in_h - p->kernel_h;
    const int32_t last_column = p->in_w - p->kernel_w;
    const int padded = tinyc_conv_plain_padded(p);
    int8_t *const pad = (int8_t *)(workspace + TINYC_COLUMN_WORDS * 4 * p->steps);
    if (padded) {
        (void)memset(pad, p->pad_value, (size_t)p->in_c);
    }
    for (int32_t n = 0; n < p->batches; ++n, x += p->in_h * p->in_w * p->in_c) {
        tinyc_corner next = {-p->pad_top, -p->pad_left};
        int32_t column = 0;
        for (int32_t left = p->out_h * p->out_w; left > 0; left -= TINYC_COLUMN_PIXELS) {
            const int32_t count = left < TINYC_COLUMN_PIXELS ? left : TINYC_COLUMN_PIXELS;
            tinyc_corner corners[TINYC_COLUMN_PIXELS];
            int inside = 1;
            /* where less than four pixels are left the last one is there again */
            for (int32_t i = 0; i < TINYC_COLUMN_PIXELS; ++i) {
                corners[i] = next;
                inside &= next.row >= 0 && next.row <= last_row && next.column >= 0 && next.column <= last_column;
                if (i + 1 < left) {
                    next.column += p->stride_w;
                    if (++column == p->out_w) {
                        column = 0;
                        next.column = -p->pad_left;
                        next.row += p->stride_h;
                    }
                }
            }
            if (!padded || inside) {
                tinyc_conv_plain_inside(p, x, corners, workspace);
            } else {
                tinyc_conv_plain_border(p, x, pad, corners, workspace);
            }
            tinyc_conv_plain_filters(p, count, w, workspace, y);
            y += count * p->out_c;
        }
    }
}

#endif
