/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal: a convolution of single cells behind a depthwise one. The results of the latter are written as int16 right
 * into the columns that products of pairs read (see tinyc_pairs.h): they are neither stored as bytes nor expanded.
 *
 * There is a column for each pixel of a row, whose second pixel is the one below. A last row that has none below moves
 * together, so that neighbours share a column. Channels come a quarter at a time, so that those of a quarter are the same
 * number of bytes apart: the quarters are the low and the high halves of `a`, then those of `b`.
 */
#ifndef TINYC_POINTS_H
#define TINYC_POINTS_H

#include "tinyc_conv_pairs.h"
#include "tinyc_depthwise_planes_s8.h"

/* Row `upper` or the one below it of the depthwise convolution, as that pixel of the columns. */
TINYC_ALWAYS_INLINE void tinyc_points_row(const tinyc_depthwise_planes_params *d, int32_t lower, int32_t slot,
                                          const uint32_t *planes, const int32_t *taps, int8_t *pixel)
{
    const int32_t pairs = d->kernel_h / 2, plane = tinyc_planes_columns(d) * (pairs + 1);
    const int32_t fours = (d->channels + 3) / 4, numbers = 1 + TINYC_SCALE_WORDS + pairs * d->kernel_w;
    const tinyc_planes_out out = {16 * fours, 16, 1};
#pragma GCC unroll 1
    for (int32_t first = 0; first < d->channels; first += fours, pixel += 2) {
        tinyc_planes_row(d, tinyc_planes_least(fours, d->channels - first), lower, slot, planes + first * plane,
                         taps + first * numbers, pixel, &out);
    }
}

/* The pixels of a row without one below: neighbours share a column, the last of an odd number has one of its own. */
TINYC_NEVER_INLINE void tinyc_points_together(uint32_t *columns, int32_t pixels, int32_t fours)
{
    for (int32_t i = pixels > 1 ? 1 : 0; i < pixels; i++) {
        const int alone = i % 2 == 0 && i + 1 == pixels;
        const uint32_t *from = columns + 4 * fours * i;
        uint32_t *to = columns + 4 * fours * (i / 2) + 2 * (i % 2);
        for (int32_t k = 0; k < fours; k++, from += 4, to += alone ? 2 : 4) {
            to[0] = from[0];
            to[1] = from[1];
        }
    }
}

/* Row `row` of the result, and the one below it, if there is one. */
TINYC_ALWAYS_INLINE void tinyc_points(const tinyc_depthwise_point_params *p, int32_t row, uint32_t *columns,
                                      const int32_t *filters, int8_t *y)
{
    const tinyc_depthwise_planes_params *const d = &p->depthwise;
    const tinyc_stage stage = p->stage; /* a copy, which no store of a result can change */
    const int32_t fours = (d->channels + 3) / 4, out_c = p->out_c;
    const int alone = d->out_h % 2 != 0 && row + 1 == d->out_h;
    const int32_t apart = alone ? out_c : d->out_w * out_c, step = alone ? 2 * out_c : out_c;
    const int32_t pairs = alone ? d->out_w / 2 : d->out_w;
    y += row * d->out_w * out_c;
    if (alone) {
        tinyc_points_together(columns, d->out_w, fours);
    }
    for (int32_t i = 0; i < pairs; i++, columns += 4 * fours, y += step) {
        tinyc_pairs_results(&stage, columns, fours, filters, y, apart, out_c, 2, 1);
    }
    if (alone && d->out_w % 2 != 0) {
        tinyc_pairs_results(&stage, columns, fours, filters, y, out_c, out_c, 1, 1);
    }
}

/* What can be made once the pair of rows u is spread; `slot` is that of the oldest pair. */
TINYC_ALWAYS_INLINE void tinyc_points_step(const tinyc_depthwise_point_params *p, int32_t u, int32_t slot,
                                           const uint32_t *planes, uint32_t *columns, const int32_t *taps,
                                           const int32_t *filters, int8_t *y)
{
    const tinyc_depthwise_planes_params *const d = &p->depthwise;
    const int32_t rows = d->stride_h == 1 ? 2 : 1, row = (u - d->kernel_h / 2) * rows;
    int8_t *const pixel = (int8_t *)columns;
    if (row < 0) {
        return;
    }
    tinyc_points_row(d, 0, slot, planes, taps, row % 2 == 0 ? pixel : pixel + 8);
    if (rows == 2 && row + 1 < d->out_h) {
        tinyc_points_row(d, 1, slot, planes, taps, pixel + 8);
    }
    if (rows == 2 || row % 2 != 0 || row + 1 == d->out_h) {
        tinyc_points(p, row - row % 2, columns, filters, y);
    }
}

#endif
