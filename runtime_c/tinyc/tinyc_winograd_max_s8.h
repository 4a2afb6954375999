/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: tinyc_winograd_max_s8, for a caller that knows the parameters when it is compiled. A tile of two by two
 * results is a window, or two of them. */
#ifndef TINYC_WINOGRAD_MAX_S8_H
#define TINYC_WINOGRAD_MAX_S8_H

#include "tinyc_conv_max.h"
#include "tinyc_winograd_s8.h"

/* What one tile and one filter make of windows, given the rows and columns of the convolution's result from it on. */
TINYC_ALWAYS_INLINE void tinyc_winograd_max_results(const tinyc_winograd_max_params *params, int32_t rows,
                                                    int32_t columns, const uint32_t *sums, uint32_t bias,
                                                    const int32_t *scale, int8_t *y)
{
    const tinyc_winograd_params *const p = &params->conv;
    const tinyc_max_windows *const m = &params->windows;
    /* what is known before the program runs */
    const int both_rows = p->out_h % 2 == 0 || m->out_h * m->kernel_h < p->out_h || rows > 1;
    const int both_columns = p->out_w % 2 == 0 || m->out_w * m->kernel_w < p->out_w || columns > 1;
    int32_t pixels[4];
    tinyc_winograd_pixels(sums, bias, pixels);
    if (m->kernel_w == 2 && both_columns) {
        pixels[0] = tinyc_larger(pixels[0], pixels[1]);
        pixels[2] = tinyc_larger(pixels[2], pixels[3]);
    }
    if (m->kernel_h == 2 && both_rows) {
        pixels[0] = tinyc_larger(pixels[0], pixels[2]);
        pixels[1] = tinyc_larger(pixels[1], pixels[3]);
    }
    y[0] = tinyc_result(&p->stage, pixels[0], scale);
    if (m->kernel_w == 1 && both_columns) {
        y[p->out_c] = tinyc_result(&p->stage, pixels[1], scale);
    }
    if (m->kernel_h == 1 && both_rows) {
        y[m->out_w * p->out_c] = tinyc_result(&p->stage, pixels[2], scale);
    }
}

/* The same of two tiles, from the first of them on, which is at this row and column, and two filters. */
TINYC_ALWAYS_INLINE void tinyc_winograd_max_pair(const tinyc_winograd_max_params *params, int32_t filters, int32_t row,
                                                 int32_t column, const uint32_t *sums, const int32_t *w, int8_t *y)
{
    const tinyc_winograd_params *const p = &params->conv;
    const tinyc_max_windows *const m = &params->windows;
    const int32_t *const scales = w + 2 + TINYC_WINOGRAD_CELLS * p->in_c;
    const int32_t end = tinyc_smaller(p->out_w, m->out_w * m->kernel_w);
    const int32_t step = m->kernel_w == 1 ? 2 * p->out_c : p->out_c; /* bytes from tile to tile */
#pragma GCC unroll 2
    for (int32_t f = 0; f < 2; ++f) {
        if (p->out_c % 2 != 0 && f >= filters) {
            break;
        }
        int32_t scale[TINYC_SCALE_WORDS];
        for (int32_t i = 0; i < TINYC_SCALE_WORDS; ++i) {
            scale[i] = scales[f * TINYC_SCALE_WORDS + i];
        }
#pragma GCC unroll 2
        for (int32_t t = 0; t < 2; ++t) {
            const int32_t at = column + 2 * t;
            if (end % 4 == 0 || at < end) {
                tinyc_winograd_max_results(params, p->out_h - row, p->out_w - at, sums + 2 * t + f, (uint32_t)w[f],
                                           scale, y + t * step + f);
            }
        }
    }
}

TINYC_ALWAYS_INLINE void tinyc_winograd_max_s8_inline(const tinyc_winograd_max_params *params, const int8_t *x,
                                                      const int32_t *w, uint32_t *workspace, int8_t *y)
{
    const tinyc_winograd_params *const p = &params->conv;
    const tinyc_max_windows *const m = &params->windows;
    const int32_t pair = TINYC_WINOGRAD_CELLS * p->in_c; /* words of U, and of V */
    const int32_t words = 2 + pair + 2 * TINYC_SCALE_WORDS;
    const int32_t end = tinyc_smaller(p->out_h, m->out_h * m->kernel_h);
    const int32_t across = (tinyc_smaller(p->out_w, m->out_w * m->kernel_w) + 1) / 2;
    const int32_t in_tile = (m->kernel_w == 1 ? 2 : 1) * p->out_c; /* bytes of a row */
    uint32_t *const columns = workspace + (p->tiles + 1) / 2 * pair;
    uint32_t sums[TINYC_WINOGRAD_SUMS];
    for (int32_t n = 0; n < p->batches; ++n) {
        int8_t *to = y;
        for (int32_t row = 0; row < end; row += 2) {
            for (int32_t first = 0; first < across; first += p->tiles) {
                const int32_t tiles = across - first < p->tiles ? across - first : p->tiles;
                tinyc_winograd_tiles(p, tiles, row - p->pad_top, 2 * first - p->pad_left, x, columns, workspace);
                const int32_t *filters = w;
                for (int32_t f = 0; f < p->out_c; f += 2, filters += words) {
                    for (int32_t t = 0; t < tiles; t += 2) {
                        tinyc_winograd_products(p, workspace + t / 2 * pair, filters + 2, sums);
                        tinyc_winograd_max_pair(params, p->out_c - f, row, 2 * (first + t), sums, filters,
                                                to + (first + t) * in_tile + f);
                    }
                }
            }
            to += (m->kernel_h == 1 ? 2 : 1) * m->out_w * p->out_c;
        }
        x += p->in_h * p->in_w * p->in_c;
        y += m->out_h * m->out_w * p->out_c;
    }
}

#endif
