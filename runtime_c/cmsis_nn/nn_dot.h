/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dot products of int8 weights with int8 rows or with expanded columns, several at once in registers. acc is indexed
 * [row * channels + channel].
 *
 * A column is what im2col makes of the inputs under a window, with the input offset already added. With the DSP
 * extension it holds int16 pairs in the order of nn_even and nn_odd and is padded with zeros to a multiple of four
 * values; otherwise it holds int16 in order.
 */
#ifndef NN_DOT_H
#define NN_DOT_H

#include "nn_simd.h"
#include "nn_target.h"

#if defined(ARM_MATH_DSP)

typedef uint32_t nn_column;

/* Elements of type nn_column that a column of `depth` values takes. */
NN_INLINE int32_t nn_column_size(int32_t depth)
{
    return (depth + 3) / 4 * 2;
}

NN_INLINE void nn_dot_step_2x2(uint32_t even0, uint32_t odd0, uint32_t even1, uint32_t odd1, uint32_t w0, uint32_t w1,
                               int32_t acc[4])
{
    const uint32_t w0_even = nn_even(w0);
    const uint32_t w0_odd = nn_odd(w0);
    acc[0] = nn_dot2(even0, w0_even, acc[0]);
    acc[2] = nn_dot2(even1, w0_even, acc[2]);
    acc[0] = nn_dot2(odd0, w0_odd, acc[0]);
    acc[2] = nn_dot2(odd1, w0_odd, acc[2]);
    const uint32_t w1_even = nn_even(w1);
    const uint32_t w1_odd = nn_odd(w1);
    acc[1] = nn_dot2(even0, w1_even, acc[1]);
    acc[3] = nn_dot2(even1, w1_even, acc[3]);
    acc[1] = nn_dot2(odd0, w1_odd, acc[1]);
    acc[3] = nn_dot2(odd1, w1_odd, acc[3]);
}

/* Two columns by two channels. */
NN_INLINE void nn_dot_columns_2x2(const nn_column *x0, const nn_column *x1, const int8_t *w0, const int8_t *w1,
                                  int32_t depth, int32_t acc[4])
{
    for (const int8_t *end = w0 + (depth & ~3); w0 != end; w0 += 4, w1 += 4, x0 += 2, x1 += 2)
    {
        nn_dot_step_2x2(x0[0], x0[1], x1[0], x1[1], nn_load_s8x4(w0), nn_load_s8x4(w1), acc);
    }
    const int32_t rest = depth & 3;
    if (rest != 0)
    {
        nn_dot_step_2x2(x0[0], x0[1], x1[0], x1[1], nn_load_s8_tail(w0, rest), nn_load_s8_tail(w1, rest), acc);
    }
}

/* Two rows by two channels; the input offset is the caller's affair. */
NN_INLINE void nn_dot_rows_2x2(const int8_t *x0, const int8_t *x1, const int8_t *w0, const int8_t *w1, int32_t depth,
                               int32_t acc[4])
{
    for (const int8_t *end = w0 + (depth & ~3); w0 != end; w0 += 4, w1 += 4, x0 += 4, x1 += 4)
    {
        const uint32_t a = nn_load_s8x4(x0);
        const uint32_t b = nn_load_s8x4(x1);
        nn_dot_step_2x2(nn_even(a), nn_odd(a), nn_even(b), nn_odd(b), nn_load_s8x4(w0), nn_load_s8x4(w1), acc);
    }
    const int32_t rest = depth & 3;
    if (rest != 0)
    {
        const uint32_t a = nn_load_s8_tail(x0, rest);
        const uint32_t b = nn_load_s8_tail(x1, rest);
        nn_dot_step_2x2(nn_even(a), nn_odd(a), nn_even(b), nn_odd(b), nn_load_s8_tail(w0, rest),
                        nn_load_s8_tail(w1, rest), acc);
    }
}

NN_INLINE int32_t nn_dot_step(uint32_t even, uint32_t odd, uint32_t w, int32_t acc)
{
    return nn_dot2(odd, nn_odd(w), nn_dot2(even, nn_even(w), acc));
}

/* One row, `offset` added to its values, by four channels that lie `depth` apart. */
NN_INLINE void nn_dot_row_1x4(const int8_t *x, int32_t offset, const int8_t *w, int32_t depth, int32_t acc[4])
{
    const uint32_t add = nn_dup_s16(offset);
    const int8_t *w2 = w + 2 * depth;
    for (const int8_t *end = x + (depth & ~3); x != end; x += 4, w += 4, w2 += 4)
    {
        const uint32_t a = nn_load_s8x4(x);
        const uint32_t even = nn_add_even(add, a);
        const uint32_t odd = nn_add_odd(add, a);
        acc[0] = nn_dot_step(even, odd, nn_load_s8x4(w), acc[0]);
        acc[1] = nn_dot_step(even, odd, nn_load_s8x4(w + depth), acc[1]);
        acc[2] = nn_dot_step(even, odd, nn_load_s8x4(w2), acc[2]);
        acc[3] = nn_dot_step(even, odd, nn_load_s8x4(w2 + depth), acc[3]);
    }
    const int32_t rest = depth & 3;
    if (rest != 0)
    {
        const uint32_t a = nn_load_s8_tail(x, rest);
        const uint32_t even = nn_add_even(add, a);
        const uint32_t odd = nn_add_odd(add, a);
        acc[0] = nn_dot_step(even, odd, nn_load_s8_tail(w, rest), acc[0]);
        acc[1] = nn_dot_step(even, odd, nn_load_s8_tail(w + depth, rest), acc[1]);
        acc[2] = nn_dot_step(even, odd, nn_load_s8_tail(w2, rest), acc[2]);
        acc[3] = nn_dot_step(even, odd, nn_load_s8_tail(w2 + depth, rest), acc[3]);
    }
}

/* One row, `offset` added to its values, by one channel. */
NN_INLINE int32_t nn_dot_row(const int8_t *x, int32_t offset, const int8_t *w, int32_t depth, int32_t acc)
{
    const uint32_t add = nn_dup_s16(offset);
    for (const int8_t *end = x + (depth & ~3); x != end; x += 4, w += 4)
    {
        const uint32_t a = nn_load_s8x4(x);
        acc = nn_dot_step(nn_add_even(add, a), nn_add_odd(add, a), nn_load_s8x4(w), acc);
    }
    const int32_t rest = depth & 3;
    if (rest != 0)
    {
        const uint32_t a = nn_load_s8_tail(x, rest);
        acc = nn_dot_step(nn_add_even(add, a), nn_add_odd(add, a), nn_load_s8_tail(w, rest), acc);
    }
    return acc;
}

#else

typedef int16_t nn_column;

NN_INLINE int32_t nn_column_size(int32_t depth)
{
    return depth;
}

NN_INLINE void nn_dot_columns_2x2(const nn_column *x0, const nn_column *x1, const int8_t *w0, const int8_t *w1,
                                  int32_t depth, int32_t acc[4])
{
    for (const int8_t *end = w0 + depth; w0 != end; w0++, w1++, x0++, x1++)
    {
        acc[0] += *x0 * *w0;
        acc[1] += *x0 * *w1;
        acc[2] += *x1 * *w0;
        acc[3] += *x1 * *w1;
    }
}

NN_INLINE void nn_dot_rows_2x2(const int8_t *x0, const int8_t *x1, const int8_t *w0, const int8_t *w1, int32_t depth,
                               int32_t acc[4])
{
    for (const int8_t *end = w0 + depth; w0 != end; w0++, w1++, x0++, x1++)
    {
        acc[0] += *x0 * *w0;
        acc[1] += *x0 * *w1;
        acc[2] += *x1 * *w0;
        acc[3] += *x1 * *w1;
    }
}

NN_INLINE void nn_dot_row_1x4(const int8_t *x, int32_t offset, const int8_t *w, int32_t depth, int32_t acc[4])
{
    const int8_t *w2 = w + 2 * depth;
    for (const int8_t *end = x + depth; x != end; x++, w++, w2++)
    {
        const int32_t a = *x + offset;
        acc[0] += a * w[0];
        acc[1] += a * w[depth];
        acc[2] += a * w2[0];
        acc[3] += a * w2[depth];
    }
}

NN_INLINE int32_t nn_dot_row(const int8_t *x, int32_t offset, const int8_t *w, int32_t depth, int32_t acc)
{
    for (const int8_t *end = x + depth; x != end; x++, w++)
    {
        acc += (*x + offset) * *w;
    }
    return acc;
}

#endif

#endif
