/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal: tinyc_conv_max_plain_s8, for a caller that knows the parameters when it is compiled. The four pixels of a
 * column are a window of four cells, or two windows of two.
 */
#ifndef TINYC_CONV_MAX_PLAIN_S8_H
#define TINYC_CONV_MAX_PLAIN_S8_H

#include "tinyc_conv_max.h"
#include "tinyc_conv_plain_s8.h"

/* The results of `count` windows of `cells` pixels, of one filter. */
TINYC_ALWAYS_INLINE void tinyc_conv_max_plain_results(const tinyc_conv_plain_params *p, int32_t cells, int32_t count,
                                                      const tinyc_sums *sums, int32_t start, const int32_t *scale,
                                                      int8_t *y)
{
    const int32_t first = tinyc_larger(sums->of[0], sums->of[1]);
    const int32_t second = tinyc_larger(sums->of[2], sums->of[3]);
    const int32_t most[2] = {cells == 2 ? first : tinyc_larger(first, second), second};
    tinyc_results(&p->stage, count, most, start, scale, y, p->out_c);
}

/* All filters over the column of them. */
TINYC_ALWAYS_INLINE void tinyc_conv_max_plain_filters(const tinyc_conv_plain_params *p, int32_t cells, int32_t count,
                                                      const int32_t *w, const uint32_t *column, int8_t *y)
{
    const int32_t *block = w;
    for (int32_t o = 0; o < p->out_c; o += 2) {
        const int32_t *const scales = block + 2;
        const int32_t *const weights = scales + 2 * TINYC_SCALE_WORDS;
        tinyc_sums sums[2];
        tinyc_column_sums_x2(p->steps, column, (const int8_t *)weights, sums);
        tinyc_conv_max_plain_results(p, cells, count, &sums[0], block[0], scales, y + o);
        if (o + 1 < p->out_c) {
            tinyc_conv_max_plain_results(p, cells, count, &sums[1], block[1], scales + TINYC_SCALE_WORDS, y + o + 1);
        }
        block = weights + 2 * p->steps;
    }
}

/* Where the windows start that the cells of a window of the pooling see. Returns whether all lie inside x. */
TINYC_ALWAYS_INLINE int tinyc_conv_max_plain_corners(const tinyc_conv_plain_params *p, const tinyc_max_windows *m,
                                                     int32_t row, int32_t column, tinyc_corner *corners)
{
    int inside = 1;
    for (int32_t i = row; i < row + m->kernel_h; ++i) {
        const int32_t top = tinyc_max_cell(i, p->out_h, m->kernel_h, m->out_h) * p->stride_h - p->pad_top;
        for (int32_t j = column; j < column + m->kernel_w; ++j, ++corners) {
            const int32_t left = tinyc_max_cell(j, p->out_w, m->kernel_w, m->out_w) * p->stride_w - p->pad_left;
            corners->row = top;
            corners->column = left;
            inside &= top >= 0 && top <= p->in_h - p->kernel_h && left >= 0 && left <= p->in_w - p->kernel_w;
        }
    }
    return inside;
}

TINYC_ALWAYS_INLINE void tinyc_conv_max_plain_s8_inline(const tinyc_conv_max_plain_params *params, const int8_t *x,
                                                        const int32_t *w, uint32_t *workspace, int8_t *y)
{
    const tinyc_conv_plain_params *const p = &params->conv;
    const tinyc_max_windows *const m = &params->windows;
    const int32_t cells = m->kernel_h * m->kernel_w, together = cells == 2 ? 2 : 1; /* windows */
    const int padded = tinyc_conv_plain_padded(p);
    int8_t *const pad = (int8_t *)(workspace + TINYC_COLUMN_WORDS * 4 * p->steps);
    if (padded) {
        (void)memset(pad, p->pad_value, (size_t)p->in_c);
    }
    for (int32_t n = 0; n < p->batches; ++n, x += p->in_h * p->in_w * p->in_c) {
        int32_t row = 0, column = 0; /* of the next window's first cell */
        for (int32_t left = m->out_h * m->out_w; left > 0; left -= together) {
            const int32_t count = left < together ? left : together;
            tinyc_corner corners[TINYC_COLUMN_PIXELS] = {{0, 0}};
            int inside = 1;
            for (int32_t i = 0; i < together; ++i) {
                inside &= tinyc_conv_max_plain_corners(p, m, row, column, corners + 2 * i);
                if (i + 1 < left) { /* where one is left alone it is there again */
                    column += m->kernel_w;
                    if (column == m->out_w * m->kernel_w) {
                        column = 0;
                        row += m->kernel_h;
                    }
                }
            }
            if (!padded || inside) {
                tinyc_conv_plain_inside(p, x, corners, workspace);
            } else {
                tinyc_conv_plain_border(p, x, pad, corners, workspace);
            }
            tinyc_conv_max_plain_filters(p, cells, count, w, workspace, y);
            y += count * p->out_c;
        }
    }
}

#endif
