/* SPDX-License-Identifier: Apache-2.0 */
/* The body of both fully connected functions, which differ in where a channel's scale is found. */
#ifndef NN_FULLY_CONNECTED_H
#define NN_FULLY_CONNECTED_H

#include "arm_nn_types.h"
#include "nn_dot.h"
#include "nn_mve.h"
#include "nn_requantize.h"
#include "nn_sum.h"

typedef struct
{
    const int8_t *filter; /* [channels][depth] */
    const int32_t *start; /* [channels] or NULL: bias, or on MVE bias and offsets */
    int32_t channels;
    int32_t depth;
    int32_t input_offset; /* on MVE part of `start` */
    int32_t filter_offset;
    nn_output_stage stage;
    int per_channel; /* else the scale is that of channel 0 */
} nn_dense;

/* Where the accumulators start, out of a call's arguments. */
NN_INLINE const int32_t *nn_dense_starts(const cmsis_nn_context *ctx, const int32_t *bias)
{
#if defined(ARM_MATH_MVEI)
    (void)bias;
    return (const int32_t *)ctx->buf;
#else
    (void)ctx;
    return bias;
#endif
}

/* What the weights' zero point contributes to every channel. */
NN_INLINE int32_t nn_dense_add(const nn_dense *dense, const int8_t *x, int32_t input_offset)
{
    return dense->filter_offset == 0 ? 0 : dense->filter_offset * (nn_sum(x, dense->depth) + dense->depth * input_offset);
}

#if defined(ARM_MATH_MVEI)

/* One row of `depth` inputs: four channels at a time. */
static inline void nn_dense_row(nn_dense dense, const int8_t *x, int8_t *y)
{
    const int32_t depth = dense.depth;
    const int32x4_t add = vdupq_n_s32(nn_dense_add(&dense, x, 0));
    const int8_t *w = dense.filter;
    for (int32_t k = 0; k < dense.channels; k += 4, w += 4 * depth)
    {
        /* Channels beyond the last repeat it and are not stored. */
        const int32_t last = dense.channels - 1 - k;
        const int8_t *const rows[4] = {w, w + nn_min(1, last) * depth, w + nn_min(2, last) * depth,
                                       w + nn_min(3, last) * depth};
        const mve_pred16_t valid = vctp32q((uint32_t)(dense.channels - k));
        const int32x4_t start = vaddq_s32(vldrwq_z_s32(dense.start + k, valid), add);
        const int32x4_t acc = vaddq_s32(start, nn_dot_4_mve(rows, x, depth, 0));
        int32x4_t multiplier = vdupq_n_s32(dense.stage.multiplier[0]);
        int32x4_t shift = vdupq_n_s32(dense.stage.shift[0]);
        if (dense.per_channel)
        {
            multiplier = vldrwq_z_s32(dense.stage.multiplier + k, valid);
            shift = vldrwq_z_s32(dense.stage.shift + k, valid);
        }
        const int32x4_t scaled = nn_requantize_mve(acc, multiplier, shift);
        vstrbq_p_s32(y + k, nn_clamp_mve(&dense.stage, scaled), valid);
    }
}

#else

NN_INLINE int32_t nn_dense_start(const nn_dense *dense, int32_t channel, int32_t add)
{
    return (dense->start == NULL ? 0 : dense->start[channel]) + add;
}

NN_INLINE int8_t nn_dense_output(const nn_dense *dense, int32_t channel, int32_t acc)
{
    return nn_output(&dense->stage, dense->per_channel ? channel : 0, acc);
}

/* One row of `depth` inputs. */
static inline void nn_dense_row(nn_dense dense, const int8_t *x, int8_t *y)
{
    const int32_t depth = dense.depth;
    const int32_t add = nn_dense_add(&dense, x, dense.input_offset);
    const int8_t *w = dense.filter;
    int32_t k = 0;
    for (; k + 4 <= dense.channels; k += 4, w += 4 * depth)
    {
        int32_t acc[4] = {nn_dense_start(&dense, k, add), nn_dense_start(&dense, k + 1, add),
                          nn_dense_start(&dense, k + 2, add), nn_dense_start(&dense, k + 3, add)};
        nn_dot_row_1x4(x, dense.input_offset, w, depth, acc);
        for (int32_t i = 0; i < 4; i++)
        {
            y[k + i] = nn_dense_output(&dense, k + i, acc[i]);
        }
    }
    for (; k < dense.channels; k++, w += depth)
    {
        const int32_t start = nn_dense_start(&dense, k, add);
        y[k] = nn_dense_output(&dense, k, nn_dot_row(x, dense.input_offset, w, depth, start));
    }
}

#endif

#endif
