/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dot products of int8 filters with int8 rows or with expanded columns, several at once in registers. Neighbouring
 * filters lie `depth` apart. acc is indexed [row * filters + filter].
 *
 * A column is what im2col makes of the inputs under a window, with the input offset already added; columns come in
 * pairs. With the DSP extension a column holds int16 pairs in the order of nn_even and nn_odd, two words for four
 * values, then two words of its partner, and so on; the last four are padded. Otherwise it holds int16 in order, and the
 * partner follows.
 */
#ifndef NN_DOT_H
#define NN_DOT_H

#include "nn_step.h"

#if defined(ARM_MATH_DSP)

/* Where the second column of a pair starts. */
NN_INLINE nn_column *nn_second_column(nn_column *first, int32_t depth)
{
    (void)depth;
    return first + 2;
}

/* A pair of columns by two filters. */
NN_INLINE void nn_dot_columns_2x2(const nn_column *x, const int8_t *w, int32_t depth, int32_t acc[4])
{
    for (const int8_t *end = w + (depth & ~7); w != end;)
    {
        nn_step_columns_2x2(&x, &w, depth, acc);
        nn_step_columns_2x2(&x, &w, depth, acc);
    }
    if ((depth & 4) != 0)
    {
        nn_step_columns_2x2(&x, &w, depth, acc);
    }
    const int32_t rest = depth & 3;
    if (rest != 0)
    {
        const uint32_t w0 = nn_load_s8_tail(w, rest);
        const uint32_t w1 = nn_load_s8_tail(w + depth, rest);
        acc[0] = nn_step(x[0], x[1], w0, acc[0]);
        acc[1] = nn_step(x[0], x[1], w1, acc[1]);
        acc[2] = nn_step(x[2], x[3], w0, acc[2]);
        acc[3] = nn_step(x[2], x[3], w1, acc[3]);
    }
}

/* The first column of a pair by one filter. */
NN_INLINE int32_t nn_dot_column(const nn_column *x, const int8_t *w, int32_t depth, int32_t acc)
{
    for (const int8_t *end = w + (depth & ~3); w != end; w += 4, x += 4)
    {
        acc = nn_step(x[0], x[1], nn_load_s8x4(w), acc);
    }
    const int32_t rest = depth & 3;
    return rest == 0 ? acc : nn_step(x[0], x[1], nn_load_s8_tail(w, rest), acc);
}

/* One row, `offset` added to its values, by one filter. */
NN_INLINE int32_t nn_dot_row(const int8_t *x, int32_t offset, const int8_t *w, int32_t depth, int32_t acc)
{
    const uint32_t add = nn_dup_s16(offset);
    for (const int8_t *end = x + (depth & ~3); x != end; x += 4, w += 4)
    {
        const uint32_t a = nn_load_s8x4(x);
        acc = nn_step(nn_add_even(add, a), nn_add_odd(add, a), nn_load_s8x4(w), acc);
    }
    const int32_t rest = depth & 3;
    if (rest != 0)
    {
        const uint32_t a = nn_load_s8_tail(x, rest);
        acc = nn_step(nn_add_even(add, a), nn_add_odd(add, a), nn_load_s8_tail(w, rest), acc);
    }
    return acc;
}

/* Two rows, `stride` apart, by two filters; the input offset is the caller's affair. */
NN_INLINE void nn_dot_rows_2x2(const int8_t *x, int32_t stride, const int8_t *w, int32_t depth, int32_t acc[4])
{
    const int8_t *const end = w + (depth & ~3);
    if (stride == depth)
    {
        if ((depth & 4) != 0)
        {
            nn_step_rows_2x2(&x, &w, depth, acc);
        }
        while (w != end)
        {
            nn_step_rows_2x2(&x, &w, depth, acc);
            nn_step_rows_2x2(&x, &w, depth, acc);
        }
    }
    else if (stride == 2 * depth)
    {
        while (w != end)
        {
            nn_step_spaced_rows_2x2(&x, &w, depth, acc);
        }
    }
    else
    {
        for (; w != end; w += 4, x += 4)
        {
            const uint32_t a = nn_load_s8x4(x);
            const uint32_t b = nn_load_s8x4(x + stride);
            acc[0] = nn_step(nn_even(a), nn_odd(a), nn_load_s8x4(w), acc[0]);
            acc[1] = nn_step(nn_even(a), nn_odd(a), nn_load_s8x4(w + depth), acc[1]);
            acc[2] = nn_step(nn_even(b), nn_odd(b), nn_load_s8x4(w), acc[2]);
            acc[3] = nn_step(nn_even(b), nn_odd(b), nn_load_s8x4(w + depth), acc[3]);
        }
    }
    const int32_t rest = depth & 3;
    if (rest != 0)
    {
        acc[0] = nn_dot_row(x, 0, w, rest, acc[0]);
        acc[1] = nn_dot_row(x, 0, w + depth, rest, acc[1]);
        acc[2] = nn_dot_row(x + stride, 0, w, rest, acc[2]);
        acc[3] = nn_dot_row(x + stride, 0, w + depth, rest, acc[3]);
    }
}

/* One row, `offset` added to its values, by four filters. */
NN_INLINE void nn_dot_row_1x4(const int8_t *x, int32_t offset, const int8_t *w, int32_t depth, int32_t acc[4])
{
    const uint32_t add = nn_dup_s16(offset);
    const int8_t *w2 = w + 2 * depth;
    for (const int8_t *end = x + (depth & ~3); x != end;)
    {
        nn_step_row_1x4(&x, add, &w, &w2, depth, acc);
    }
    const int32_t rest = depth & 3;
    if (rest != 0)
    {
        acc[0] = nn_dot_row(x, offset, w, rest, acc[0]);
        acc[1] = nn_dot_row(x, offset, w + depth, rest, acc[1]);
        acc[2] = nn_dot_row(x, offset, w2, rest, acc[2]);
        acc[3] = nn_dot_row(x, offset, w2 + depth, rest, acc[3]);
    }
}

#else

typedef int16_t nn_column;

NN_INLINE nn_column *nn_second_column(nn_column *first, int32_t depth)
{
    return first + depth;
}

NN_INLINE void nn_dot_columns_2x2(const nn_column *x, const int8_t *w, int32_t depth, int32_t acc[4])
{
    const int8_t *w1 = w + depth;
    const nn_column *x1 = x + depth;
    for (const int8_t *end = w1; w != end; w++, w1++, x++, x1++)
    {
        acc[0] += *x * *w;
        acc[1] += *x * *w1;
        acc[2] += *x1 * *w;
        acc[3] += *x1 * *w1;
    }
}

NN_INLINE int32_t nn_dot_column(const nn_column *x, const int8_t *w, int32_t depth, int32_t acc)
{
    for (const int8_t *end = w + depth; w != end; w++, x++)
    {
        acc += *x * *w;
    }
    return acc;
}

NN_INLINE int32_t nn_dot_row(const int8_t *x, int32_t offset, const int8_t *w, int32_t depth, int32_t acc)
{
    for (const int8_t *end = x + depth; x != end; x++, w++)
    {
        acc += (*x + offset) * *w;
    }
    return acc;
}

NN_INLINE void nn_dot_rows_2x2(const int8_t *x, int32_t stride, const int8_t *w, int32_t depth, int32_t acc[4])
{
    const int8_t *w1 = w + depth;
    const int8_t *x1 = x + stride;
    for (const int8_t *end = w1; w != end; w++, w1++, x++, x1++)
    {
        acc[0] += *x * *w;
        acc[1] += *x * *w1;
        acc[2] += *x1 * *w;
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

#endif

#endif
