/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: maxima and averages over windows, four neighbouring channels at a time, further ones one by one. */
#ifndef TINYC_POOL_BLOCKS_H
#define TINYC_POOL_BLOCKS_H

#include "tinyc_clamp.h"
#include "tinyc_lanes.h"
#include "tinyc_taps.h"

/* The cells of a window that are inside the input, and how their sum is divided; see tinyc_average_blocks_s8. */
typedef struct {
    int32_t rows, columns;
    int32_t row_step, column_step; /* bytes from one to the next */
    int32_t factor, term;
} tinyc_cells;

TINYC_ALWAYS_INLINE int32_t tinyc_average(const tinyc_pool_blocks_params *p, const tinyc_cells *cells, int32_t sum)
{
    const int has_ties = cells->rows * cells->columns % 2 == 0;
    const int32_t below = has_ties && p->ties == TINYC_TIES_AWAY ? sum + (sum >> 31) : sum;
    int32_t product = below * cells->factor + cells->term;
    if (has_ties && p->ties != TINYC_TIES_AWAY) {
        /* ties are down so far, and nothing else is so near to the next number that one more would change it */
        const uint32_t parity = (uint32_t)product >> 22 ^ (p->ties == TINYC_TIES_ODD ? 1u : 0u);
        product += cells->factor * (int32_t)(parity & 1u);
    }
    const int32_t mean = product >> 22;
    return p->low > -128 || p->high < 127 ? tinyc_clamped_s8(mean, p->low, p->high) : mean;
}

TINYC_ALWAYS_INLINE void tinyc_average_x4(const tinyc_pool_blocks_params *p, const tinyc_cells *cells, const int8_t *x,
                                          int8_t *y)
{
    int32_t s0 = 0;
    int32_t s1 = 0;
    int32_t s2 = 0;
    int32_t s3 = 0;
#if defined(TINYC_DSP)
    uint32_t even = 0;
    uint32_t odd = 0;
#pragma GCC unroll 4
    for (int32_t r = 0; r < cells->rows; ++r) {
#pragma GCC unroll 4
        for (int32_t c = 0; c < cells->columns; ++c) {
            const uint32_t word = tinyc_load_s8x4(x + r * cells->row_step + c * cells->column_step);
            even = tinyc_add_even(even, word);
            odd = tinyc_add_odd(odd, word);
        }
    }
    s0 = (int16_t)even;
    s1 = (int16_t)odd;
    s2 = (int32_t)even >> 16;
    s3 = (int32_t)odd >> 16;
    tinyc_store_s8x4(y, tinyc_bytes(tinyc_average(p, cells, s0), tinyc_average(p, cells, s1),
                                    tinyc_average(p, cells, s2), tinyc_average(p, cells, s3)));
#else
    for (int32_t r = 0; r < cells->rows; ++r) {
        const int8_t *cell = x + r * cells->row_step;
        for (int32_t c = 0; c < cells->columns; ++c, cell += cells->column_step) {
            s0 += cell[0];
            s1 += cell[1];
            s2 += cell[2];
            s3 += cell[3];
        }
    }
    y[0] = (int8_t)tinyc_average(p, cells, s0);
    y[1] = (int8_t)tinyc_average(p, cells, s1);
    y[2] = (int8_t)tinyc_average(p, cells, s2);
    y[3] = (int8_t)tinyc_average(p, cells, s3);
#endif
}

TINYC_ALWAYS_INLINE void tinyc_max_x4(const tinyc_pool_blocks_params *p, const tinyc_cells *cells, const int8_t *x,
                                      int8_t *y)
{
#if defined(TINYC_DSP)
    uint32_t most = tinyc_load_s8x4(x);
#pragma GCC unroll 4
    for (int32_t r = 0; r < cells->rows; ++r) {
#pragma GCC unroll 4
        for (int32_t c = 0; c < cells->columns; ++c) {
            if (r + c > 0) {
                most = tinyc_max_s8x4(most, tinyc_load_s8x4(x + r * cells->row_step + c * cells->column_step));
            }
        }
    }
    if (p->low > -128) {
        most = tinyc_max_s8x4(most, ((uint32_t)p->low & 0xFFu) * 0x01010101u);
    }
    if (p->high < 127) {
        /* the complement of the larger of two complements is the smaller */
        most = ~tinyc_max_s8x4(~most, ~(((uint32_t)p->high & 0xFFu) * 0x01010101u));
    }
    tinyc_store_s8x4(y, most);
#else
    int32_t m0 = p->low;
    int32_t m1 = p->low;
    int32_t m2 = p->low;
    int32_t m3 = p->low;
    for (int32_t r = 0; r < cells->rows; ++r) {
        const int8_t *cell = x + r * cells->row_step;
        for (int32_t c = 0; c < cells->columns; ++c, cell += cells->column_step) {
            m0 = cell[0] > m0 ? cell[0] : m0;
            m1 = cell[1] > m1 ? cell[1] : m1;
            m2 = cell[2] > m2 ? cell[2] : m2;
            m3 = cell[3] > m3 ? cell[3] : m3;
        }
    }
    y[0] = (int8_t)(m0 > p->high ? p->high : m0);
    y[1] = (int8_t)(m1 > p->high ? p->high : m1);
    y[2] = (int8_t)(m2 > p->high ? p->high : m2);
    y[3] = (int8_t)(m3 > p->high ? p->high : m3);
#endif
}

/* The result of one channel. */
TINYC_ALWAYS_INLINE int8_t tinyc_pooled(const tinyc_pool_blocks_params *p, const tinyc_cells *cells, int average,
                                        const int8_t *x)
{
    int32_t sum = 0;
    int32_t most = p->low;
    for (int32_t r = 0; r < cells->rows; ++r) {
        const int8_t *cell = x + r * cells->row_step;
        for (int32_t c = 0; c < cells->columns; ++c, cell += cells->column_step) {
            sum += *cell;
            most = *cell > most ? *cell : most;
        }
    }
    return (int8_t)(average ? tinyc_average(p, cells, sum) : most > p->high ? p->high : most);
}

TINYC_ALWAYS_INLINE void tinyc_pool_channels(const tinyc_pool_blocks_params *p, const tinyc_cells *cells, int average,
                                             const int8_t *x, int8_t *y)
{
    int32_t c = 0;
    for (; c <= p->channels - 4; c += 4) {
        if (average) {
            tinyc_average_x4(p, cells, x + c, y + c);
        } else {
            tinyc_max_x4(p, cells, x + c, y + c);
        }
    }
    for (; c < p->channels; ++c) {
        y[c] = tinyc_pooled(p, cells, average, x + c);
    }
}

TINYC_ALWAYS_INLINE void tinyc_pool_blocks(const tinyc_pool_blocks_params *p, const int32_t *quotients, int average,
                                           const int8_t *x, int8_t *y)
{
    const int32_t row_step = p->in_w * p->channels;
    for (int32_t n = 0; n < p->batches; ++n, x += p->in_h * row_step) {
        for (int32_t oy = 0; oy < p->out_h; ++oy) {
            const int32_t top = oy * p->stride_h - p->pad_top;
            const tinyc_taps rows = tinyc_taps_inside(top, p->kernel_h, 1, p->in_h);
            for (int32_t ox = 0; ox < p->out_w; ++ox, y += p->channels) {
                const int32_t left = ox * p->stride_w - p->pad_left;
                const tinyc_taps columns = tinyc_taps_inside(left, p->kernel_w, 1, p->in_w);
                const int8_t *const from = x + (top + rows.first) * row_step + (left + columns.first) * p->channels;
                tinyc_cells cells = {rows.end - rows.first, columns.end - columns.first, row_step, p->channels, 0, 0};
                if (average) {
                    cells.factor = quotients[2 * cells.rows * cells.columns];
                    cells.term = quotients[2 * cells.rows * cells.columns + 1];
                }
                if (cells.rows == p->kernel_h && cells.columns == p->kernel_w) {
                    const tinyc_cells whole = {p->kernel_h, p->kernel_w, row_step, p->channels, cells.factor, cells.term};
                    tinyc_pool_channels(p, &whole, average, from, y);
                } else {
                    tinyc_pool_channels(p, &cells, average, from, y);
                }
            }
        }
    }
}

#endif
