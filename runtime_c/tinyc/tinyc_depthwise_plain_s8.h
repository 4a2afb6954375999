/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal: a depthwise convolution for cores without the DSP extension, made for its constants; see tinyc_kernels.h.
 *
 * The rows that a row of results sees wait in the workspace, channel by channel with their padding, so that windows are
 * neighbours wherever they lie and no result is at a border. Values are 128 above those of x: small cores load unsigned
 * bytes more easily.
 */
#ifndef TINYC_DEPTHWISE_PLAIN_S8_H
#define TINYC_DEPTHWISE_PLAIN_S8_H

#include <string.h>

#include "tinyc_stage.h"

#define TINYC_PLANE_BIAS 128

/* `bytes`, a multiple of four, from src down to dst; both are aligned. */
TINYC_ALWAYS_INLINE void tinyc_move_down(uint32_t *dst, const uint32_t *src, int32_t bytes)
{
    for (int32_t i = 0; i < bytes / 4; ++i) {
        uint32_t word = src[i];
#if defined(__GNUC__)
        __asm__("" : "+r"(word)); /* or the compiler calls memmove */
#endif
        dst[i] = word;
    }
}

/* Takes row `row` of x, or padding, to place `slot` of all planes. */
TINYC_ALWAYS_INLINE void tinyc_depthwise_plain_load(const tinyc_depthwise_plain_params *p, const int8_t *x, int32_t row,
                                                    uint8_t *planes, int32_t slot)
{
    uint8_t *to = planes + slot * p->plane_w + p->pad_left;
    const int32_t columns = p->in_w < p->plane_w - p->pad_left ? p->in_w : p->plane_w - p->pad_left;
    const int inside = row >= 0 && row < p->in_h;
    const int8_t *from = x + (inside ? row * p->in_w * p->channels : 0);
    for (int32_t c = 0; c < p->channels; ++c, to += p->kernel_h * p->plane_w) {
        if (inside) {
            const int8_t *value = from + c;
#pragma GCC unroll 4
            for (int32_t i = 0; i < columns; ++i, value += p->channels) {
                to[i] = (uint8_t)(*value + TINYC_PLANE_BIAS);
            }
        } else {
            for (int32_t i = 0; i < columns; ++i) {
                to[i] = (uint8_t)(p->pad_value + TINYC_PLANE_BIAS);
            }
        }
    }
}

/* Adds one row of the kernel to the sums of `count` neighbouring results. */
TINYC_ALWAYS_INLINE void tinyc_depthwise_plain_row(const tinyc_depthwise_plain_params *p, int32_t count,
                                                   const uint8_t *x, const int8_t *w, int32_t *sums)
{
    int32_t s0 = sums[0];
    int32_t s1 = sums[1];
    int32_t s2 = sums[2];
    int32_t s3 = sums[3];
#pragma GCC unroll 8
    for (int32_t k = 0; k < p->kernel_w; ++k) {
        const int32_t weight = w[k];
        s0 += x[k] * weight;
        if (count > 1) {
            s1 += x[k + p->stride_w] * weight;
        }
        if (count > 2) {
            s2 += x[k + 2 * p->stride_w] * weight;
        }
        if (count > 3) {
            s3 += x[k + 3 * p->stride_w] * weight;
        }
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

/* `count` (1 to 4) neighbouring results of one channel. */
TINYC_ALWAYS_INLINE void tinyc_depthwise_plain_block(const tinyc_depthwise_plain_params *p, int32_t count,
                                                     const uint8_t *x, const int32_t *w, int8_t *y)
{
    const int8_t *const weights = (const int8_t *)(w + 1 + TINYC_SCALE_WORDS);
    const int32_t out_c = p->channels * p->multiplier;
    int32_t sums[4] = {w[0], w[0], w[0], w[0]};
    if (p->kernel_h == 3) {
        tinyc_depthwise_plain_row(p, count, x, weights, sums);
        tinyc_depthwise_plain_row(p, count, x + p->plane_w, weights + p->kernel_w, sums);
        tinyc_depthwise_plain_row(p, count, x + 2 * p->plane_w, weights + 2 * p->kernel_w, sums);
    } else {
        for (int32_t k = 0; k < p->kernel_h; ++k) {
            tinyc_depthwise_plain_row(p, count, x + k * p->plane_w, weights + k * p->kernel_w, sums);
        }
    }
    y[0] = tinyc_result(&p->stage, sums[0], w + 1);
    if (count > 1) {
        y[out_c] = tinyc_result(&p->stage, sums[1], w + 1);
    }
    if (count > 2) {
        y[2 * out_c] = tinyc_result(&p->stage, sums[2], w + 1);
    }
    if (count > 3) {
        y[3 * out_c] = tinyc_result(&p->stage, sums[3], w + 1);
    }
}

TINYC_ALWAYS_INLINE void tinyc_depthwise_plain_s8_inline(const tinyc_depthwise_plain_params *p, const int8_t *x,
                                                         const int32_t *w, uint32_t *workspace, int8_t *y)
{
    uint8_t *const planes = (uint8_t *)workspace;
    const int32_t plane = p->kernel_h * p->plane_w;
    const int32_t out_c = p->channels * p->multiplier;
    const int32_t words = 1 + TINYC_SCALE_WORDS + (p->kernel_h * p->kernel_w + 3) / 4;
    const int32_t kept = p->kernel_h > p->stride_h ? p->kernel_h - p->stride_h : 0;
    for (int32_t n = 0; n < p->batches; ++n, x += p->in_h * p->in_w * p->channels) {
        (void)memset(planes, p->pad_value + TINYC_PLANE_BIAS, (size_t)(p->channels * plane));
        for (int32_t row = 0; row < kept; ++row) {
            tinyc_depthwise_plain_load(p, x, row - p->pad_top, planes, row + p->kernel_h - kept);
        }
        for (int32_t oy = 0; oy < p->out_h; ++oy) {
            if (kept > 0) {
                for (int32_t c = 0; c < p->channels; ++c) {
                    uint32_t *const first = workspace + c * plane / 4;
                    tinyc_move_down(first, first + p->stride_h * p->plane_w / 4, kept * p->plane_w);
                }
            }
            for (int32_t row = kept; row < p->kernel_h; ++row) {
                tinyc_depthwise_plain_load(p, x, oy * p->stride_h - p->pad_top + row, planes, row);
            }
            const int32_t *filter = w;
            for (int32_t o = 0; o < out_c; ++o, filter += words) {
                const uint8_t *window = planes + o / p->multiplier * plane;
                int8_t *to = y + o;
                for (int32_t left = p->out_w / 4; left > 0; --left, window += 4 * p->stride_w, to += 4 * out_c) {
                    tinyc_depthwise_plain_block(p, 4, window, filter, to);
                }
                if (p->out_w % 4 > 0) {
                    tinyc_depthwise_plain_block(p, p->out_w % 4, window, filter, to);
                }
            }
            y += p->out_w * out_c;
        }
    }
}

#endif
