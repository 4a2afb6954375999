/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One output pixel of a depthwise convolution. Neighbouring channels' inputs and weights lie side by side, so four
 * channels are computed at a time, with the accumulators in registers over all taps.
 */
#ifndef NN_DEPTHWISE_H
#define NN_DEPTHWISE_H

#include "nn_requantize.h"
#include "nn_simd.h"

/* The taps of one output pixel: rows and columns inside the input, and how to walk them. */
typedef struct
{
    int32_t height;
    int32_t width;
    int32_t x_row; /* steps in the input and in the filter, from row to row and from tap to tap */
    int32_t x_tap;
    int32_t w_row;
    int32_t w_tap;
    int32_t offset;
} nn_taps_walk;

/* What all pixels share. */
typedef struct
{
    const int32_t *bias; /* or NULL */
    int32_t channels;    /* of the output */
    int32_t multiplier;  /* output channels an input channel */
    nn_output_stage stage;
} nn_depthwise_layer;

NN_INLINE int32_t nn_bias(const nn_depthwise_layer *layer, int32_t channel)
{
    return layer->bias == NULL ? 0 : layer->bias[channel];
}

/* One channel. */
static inline int32_t nn_depthwise(nn_taps_walk walk, const int8_t *x, const int8_t *w, int32_t acc)
{
    for (int32_t r = 0; r < walk.height; r++, x += walk.x_row, w += walk.w_row)
    {
        const int8_t *a = x;
        const int8_t *b = w;
        for (int32_t c = 0; c < walk.width; c++, a += walk.x_tap, b += walk.w_tap)
        {
            acc += (*a + walk.offset) * *b;
        }
    }
    return acc;
}

#if defined(ARM_MATH_DSP)

/* One tap of four channels: acc[i] += (x[i] + add) * w[i]. */
NN_INLINE void nn_depthwise_tap_x4(const int8_t *x, const int8_t *w, uint32_t add, int32_t acc[4])
{
    const uint32_t x4 = nn_load_s8x4(x);
    const uint32_t w4 = nn_load_s8x4(w);
    const uint32_t x_even = nn_add_even(add, x4);
    const uint32_t w_even = nn_even(w4);
    acc[0] = nn_mla_low(x_even, w_even, acc[0]);
    acc[2] = nn_mla_high(x_even, w_even, acc[2]);
    const uint32_t x_odd = nn_add_odd(add, x4);
    const uint32_t w_odd = nn_odd(w4);
    acc[1] = nn_mla_low(x_odd, w_odd, acc[1]);
    acc[3] = nn_mla_high(x_odd, w_odd, acc[3]);
}

/* Four channels, each with its own input. */
NN_INLINE void nn_depthwise_x4(nn_taps_walk walk, const int8_t *x, const int8_t *w, int32_t acc[4])
{
    const uint32_t add = nn_dup_s16(walk.offset);
    if (walk.width == 3)
    {
        for (int32_t r = walk.height; r > 0; r--, x += walk.x_row, w += walk.w_row)
        {
            nn_depthwise_tap_x4(x, w, add, acc);
            nn_depthwise_tap_x4(x + walk.x_tap, w + walk.w_tap, add, acc);
            nn_depthwise_tap_x4(x + 2 * walk.x_tap, w + 2 * walk.w_tap, add, acc);
        }
        return;
    }
    for (int32_t r = walk.height; r > 0; r--, x += walk.x_row, w += walk.w_row)
    {
        const int8_t *a = x;
        const int8_t *b = w;
        for (int32_t c = walk.width; c > 0; c--, a += walk.x_tap, b += walk.w_tap)
        {
            nn_depthwise_tap_x4(a, b, add, acc);
        }
    }
}

/* Four channels of the same input. */
NN_INLINE void nn_depthwise_1x4(nn_taps_walk walk, const int8_t *x, const int8_t *w, int32_t acc[4])
{
    for (int32_t r = walk.height; r > 0; r--, x += walk.x_row, w += walk.w_row)
    {
        const int8_t *a = x;
        const int8_t *b = w;
        for (int32_t c = walk.width; c > 0; c--, a += walk.x_tap, b += walk.w_tap)
        {
            const uint32_t x1 = (uint32_t)(*a + walk.offset);
            const uint32_t w4 = nn_load_s8x4(b);
            const uint32_t w_even = nn_even(w4);
            const uint32_t w_odd = nn_odd(w4);
            acc[0] = nn_mla_low(x1, w_even, acc[0]);
            acc[1] = nn_mla_low(x1, w_odd, acc[1]);
            acc[2] = nn_mla_low_high(x1, w_even, acc[2]);
            acc[3] = nn_mla_low_high(x1, w_odd, acc[3]);
        }
    }
}

#else

NN_INLINE void nn_depthwise_x4(nn_taps_walk walk, const int8_t *x, const int8_t *w, int32_t acc[4])
{
    for (int32_t r = walk.height; r > 0; r--, x += walk.x_row, w += walk.w_row)
    {
        const int8_t *a = x;
        const int8_t *b = w;
        for (int32_t c = walk.width; c > 0; c--, a += walk.x_tap, b += walk.w_tap)
        {
            acc[0] += (a[0] + walk.offset) * b[0];
            acc[1] += (a[1] + walk.offset) * b[1];
            acc[2] += (a[2] + walk.offset) * b[2];
            acc[3] += (a[3] + walk.offset) * b[3];
        }
    }
}

NN_INLINE void nn_depthwise_1x4(nn_taps_walk walk, const int8_t *x, const int8_t *w, int32_t acc[4])
{
    for (int32_t r = walk.height; r > 0; r--, x += walk.x_row, w += walk.w_row)
    {
        const int8_t *a = x;
        const int8_t *b = w;
        for (int32_t c = walk.width; c > 0; c--, a += walk.x_tap, b += walk.w_tap)
        {
            const int32_t x1 = *a + walk.offset;
            acc[0] += x1 * b[0];
            acc[1] += x1 * b[1];
            acc[2] += x1 * b[2];
            acc[3] += x1 * b[3];
        }
    }
}

#endif

/* The outputs of four channels from channel `k` on. */
NN_INLINE void nn_depthwise_store_x4(const nn_depthwise_layer *layer, int32_t k, const int32_t acc[4], int8_t *y)
{
    y[k] = nn_output(&layer->stage, k, acc[0]);
    y[k + 1] = nn_output(&layer->stage, k + 1, acc[1]);
    y[k + 2] = nn_output(&layer->stage, k + 2, acc[2]);
    y[k + 3] = nn_output(&layer->stage, k + 3, acc[3]);
}

/* One output pixel; `x` and `w` are the first tap inside the input. */
NN_INLINE void nn_depthwise_pixel(nn_depthwise_layer layer, nn_taps_walk walk, const int8_t *x, const int8_t *w,
                                  int8_t *y)
{
    int32_t k = 0;
    if (layer.multiplier == 1 && layer.channels >= 4)
    {
        for (; k < layer.channels; k += 4)
        {
            k = nn_min(k, layer.channels - 4); /* the last block overlaps the one before */
            int32_t acc[4] = {nn_bias(&layer, k), nn_bias(&layer, k + 1), nn_bias(&layer, k + 2),
                              nn_bias(&layer, k + 3)};
            nn_depthwise_x4(walk, x + k, w + k, acc);
            nn_depthwise_store_x4(&layer, k, acc, y);
        }
    }
    else if (layer.multiplier % 4 == 0)
    {
        for (; k < layer.channels; x++)
        {
            for (const int32_t end = k + layer.multiplier; k < end; k += 4)
            {
                int32_t acc[4] = {nn_bias(&layer, k), nn_bias(&layer, k + 1), nn_bias(&layer, k + 2),
                                  nn_bias(&layer, k + 3)};
                nn_depthwise_1x4(walk, x, w + k, acc);
                nn_depthwise_store_x4(&layer, k, acc, y);
            }
        }
    }
    for (; k < layer.channels; k++)
    {
        y[k] = nn_output(&layer.stage, k, nn_depthwise(walk, x + k / layer.multiplier, w + k, nn_bias(&layer, k)));
    }
}

#endif
