/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: pairs of rows of a depthwise convolution, spread into planes of int16 pairs, and products with them. */
#ifndef TINYC_PLANES_H
#define TINYC_PLANES_H

#include "tinyc_simd.h"
#include "tinyc_stage.h"

/* The taps of an upper row (bytes 0 and 2) and of a lower one (bytes 1 and 3), as int16 lanes. */
TINYC_ALWAYS_INLINE uint32_t tinyc_planes_taps(uint32_t bytes, int32_t lower)
{
#if defined(TINYC_DSP)
    return lower ? tinyc_odd(bytes) : tinyc_even(bytes);
#else
    const uint32_t pair = lower ? bytes >> 8 : bytes;
    return (uint32_t)(uint16_t)(int8_t)(pair & 0xff) | (uint32_t)(int32_t)(int8_t)(pair >> 16 & 0xff) << 16;
#endif
}

TINYC_ALWAYS_INLINE int32_t tinyc_planes_dot2(uint32_t cells, uint32_t taps, int32_t acc)
{
#if defined(TINYC_DSP)
    return tinyc_dot2(cells, taps, acc);
#else
    return acc + (int16_t)(cells & 0xffff) * (int16_t)(taps & 0xffff) + (int16_t)(cells >> 16) * (int16_t)(taps >> 16);
#endif
}

/* acc plus one tap, an int16, times the upper or the lower cell. */
TINYC_ALWAYS_INLINE int32_t tinyc_planes_dot1(uint32_t cells, int32_t tap, int32_t acc, int32_t upper)
{
#if defined(TINYC_DSP)
    int32_t out;
    if (upper) {
        __asm__("smlatb %0, %1, %2, %3" : "=r"(out) : "r"(cells), "r"(tap), "r"(acc));
    } else {
        __asm__("smlabb %0, %1, %2, %3" : "=r"(out) : "r"(cells), "r"(tap), "r"(acc));
    }
    return out;
#else
    return acc + (int16_t)(upper ? cells >> 16 : cells & 0xffff) * tap;
#endif
}

/* Columns that the windows of a row see. */
TINYC_ALWAYS_INLINE int32_t tinyc_planes_columns(const tinyc_depthwise_planes_params *p)
{
    return (p->out_w - 1) * p->stride_w + p->kernel_w;
}

TINYC_ALWAYS_INLINE int32_t tinyc_planes_least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

#if defined(TINYC_DSP)

TINYC_ALWAYS_INLINE uint32_t tinyc_planes_lows(uint32_t low, uint32_t high)
{
    uint32_t out;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(out) : "r"(low), "r"(high));
    return out;
}

TINYC_ALWAYS_INLINE uint32_t tinyc_planes_highs(uint32_t low, uint32_t high)
{
    uint32_t out;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(out) : "r"(high), "r"(low));
    return out;
}

/* Four channels of `columns` cells of both rows of a pair, the second `row` bytes behind the first. */
TINYC_ALWAYS_INLINE void tinyc_planes_spread4(const tinyc_depthwise_planes_params *p, int32_t columns, int32_t row,
                                              const int8_t *x, uint32_t *to)
{
    const int32_t slots = p->kernel_h / 2 + 1, plane = tinyc_planes_columns(p) * slots;
    const uint32_t less = (uint32_t)(uint16_t)-p->zero * 0x10001u;
#pragma GCC unroll 2
    for (int32_t i = 0; i < columns; ++i, x += p->channels, to += slots) {
        const uint32_t low = tinyc_load_s8x4(x), high = tinyc_load_s8x4(x + row);
        const uint32_t low_even = tinyc_add_even(less, low), high_even = tinyc_add_even(less, high);
        const uint32_t low_odd = tinyc_add_odd(less, low), high_odd = tinyc_add_odd(less, high);
        to[0] = tinyc_planes_lows(low_even, high_even);
        to[plane] = tinyc_planes_lows(low_odd, high_odd);
        to[2 * plane] = tinyc_planes_highs(low_even, high_even);
        to[3 * plane] = tinyc_planes_highs(low_odd, high_odd);
    }
}

/* The same of a pair that has only one row inside: its cells end up `shift` bits up, the others are zero. */
TINYC_ALWAYS_INLINE void tinyc_planes_spread4_alone(const tinyc_depthwise_planes_params *p, int32_t columns,
                                                    int32_t shift, const int8_t *x, uint32_t *to)
{
    const int32_t slots = p->kernel_h / 2 + 1, plane = tinyc_planes_columns(p) * slots;
    const uint32_t less = (uint32_t)(uint16_t)-p->zero * 0x10001u;
    for (int32_t i = 0; i < columns; ++i, x += p->channels, to += slots) {
        const uint32_t cells = tinyc_load_s8x4(x);
        const uint32_t even = tinyc_add_even(less, cells), odd = tinyc_add_odd(less, cells);
        to[0] = (even & 0xffff) << shift;
        to[plane] = (odd & 0xffff) << shift;
        to[2 * plane] = even >> 16 << shift;
        to[3 * plane] = odd >> 16 << shift;
    }
}

#endif

/* Spreads one channel of a pair, either row of which may be missing. */
TINYC_ALWAYS_INLINE void tinyc_planes_spread1(const tinyc_depthwise_planes_params *p, int32_t columns,
                                              const int8_t *low, const int8_t *high, uint32_t *to)
{
    const int32_t slots = p->kernel_h / 2 + 1;
    for (int32_t i = 0; i < columns; ++i, to += slots) {
        const int32_t a = low ? low[i * p->channels] - p->zero : 0, b = high ? high[i * p->channels] - p->zero : 0;
        *to = (uint32_t)(uint16_t)a | (uint32_t)b << 16;
    }
}

/* Zeros for a pair of rows that lies outside. */
TINYC_ALWAYS_INLINE void tinyc_planes_zero(int32_t channels, int32_t inside, int32_t slots, int32_t plane, uint32_t *to)
{
    for (int32_t c = 0; c < channels; ++c, to += plane) {
#pragma GCC unroll 4
        for (int32_t i = 0; i < inside; ++i) {
            to[i * slots] = 0;
        }
    }
}

/* Spreads the rows `first` and first + 1 of an image, x at channel 0 of `channels`; `to` is at column 0 and the slot. */
TINYC_ALWAYS_INLINE void tinyc_planes_spread(const tinyc_depthwise_planes_params *p, int32_t channels, int32_t first,
                                             const int8_t *x, uint32_t *to)
{
    const int32_t slots = p->kernel_h / 2 + 1, columns = tinyc_planes_columns(p), plane = columns * slots;
    const int32_t left = tinyc_planes_least(p->pad_left, columns);
    const int32_t inside = tinyc_planes_least(p->in_w, columns - left), row = p->in_w * p->channels;
    const int8_t *const low = first >= 0 && first < p->in_h ? x + first * row : NULL;
    const int8_t *const high = first >= -1 && first < p->in_h - 1 ? x + (first + 1) * row : NULL;
    to += left * slots;
    if (!low && !high) {
        tinyc_planes_zero(channels, inside, slots, plane, to);
        return;
    }
    int32_t c = 0;
#if defined(TINYC_DSP)
    if (channels >= 4) {
        /* the last four may overlap those before, and are the same again */
        for (; c < channels; c += 4) {
            const int32_t from = tinyc_planes_least(c, channels - 4);
            if (low && high) {
                tinyc_planes_spread4(p, inside, row, low + from, to + from * plane);
            } else {
                tinyc_planes_spread4_alone(p, inside, low ? 0 : 16, (low ? low : high) + from, to + from * plane);
            }
        }
    }
#endif
    for (; c < channels; ++c) {
        tinyc_planes_spread1(p, inside, low ? low + c : NULL, high ? high + c : NULL, to + c * plane);
    }
}

#endif
