/* SPDX-License-Identifier: Apache-2.0 */
/* The inputs under one position of a convolution window, gathered into a column (see nn_dot.h). */
#ifndef NN_IM2COL_H
#define NN_IM2COL_H

#include "arm_nn_types.h"
#include "nn_copy.h"
#include "nn_dot.h"

#include <string.h>

#if defined(ARM_MATH_DSP)

/*
 * `count` values with `offset` added, to `column`; returns its end. The values may lie in the upper half of the column's
 * own memory, because no step writes what a later one reads.
 */
NN_INLINE nn_column *nn_expand(const int8_t *x, int32_t count, int32_t offset, nn_column *column)
{
    const uint32_t add = nn_dup_s16(offset);
    for (const int8_t *end = x + (count & ~3); x != end; x += 4, column += 2)
    {
        const uint32_t a = nn_load_s8x4(x);
        column[0] = nn_add_even(add, a);
        column[1] = nn_add_odd(add, a);
    }
    const int32_t rest = count & 3;
    if (rest != 0)
    {
        /* The lanes behind the end meet weights of zero. */
        const uint32_t a = nn_load_s8_tail(x, rest);
        column[0] = nn_add_even(add, a);
        column[1] = nn_add_odd(add, a);
        column += 2;
    }
    return column;
}

/* Whether runs of a multiple of `depth` values can be expanded one after another. */
NN_INLINE int nn_can_append(int32_t depth)
{
    return depth % 4 == 0;
}

#else

NN_INLINE nn_column *nn_expand(const int8_t *x, int32_t count, int32_t offset, nn_column *column)
{
    for (const int8_t *end = x + count; x != end; x++)
    {
        *column++ = (int16_t)(*x + offset);
    }
    return column;
}

NN_INLINE int nn_can_append(int32_t depth)
{
    (void)depth;
    return 1;
}

#endif

/* Where the runs of a column go: expanded at once, or as bytes first where a run ends inside a group of four. */
typedef struct
{
    nn_column *column;
    int8_t *bytes; /* NULL: expand at once */
    int32_t offset;
} nn_column_sink;

NN_INLINE void nn_put(nn_column_sink *sink, const int8_t *from, int32_t count)
{
    if (sink->bytes == NULL)
    {
        sink->column = nn_expand(from, count, sink->offset, sink->column);
        return;
    }
    nn_copy(sink->bytes, from, count);
    sink->bytes += count;
}

NN_INLINE void nn_put_padding(nn_column_sink *sink, int32_t count)
{
    if (sink->bytes == NULL)
    {
        const int32_t size = nn_column_size(count);
        memset(sink->column, 0, (size_t)size * sizeof(nn_column));
        sink->column += size;
        return;
    }
    nn_set(sink->bytes, (int8_t)-sink->offset, count);
    sink->bytes += count;
}

/* A window position over one group of channels; the origin may lie in the padding. */
typedef struct
{
    const int8_t *image; /* first channel of the group at pixel (0, 0) */
    int32_t y;
    int32_t x;
    int32_t depth; /* channels in the group */
} nn_window;

/* Fills `column` with the kernel's height * width * depth values; padding becomes zero, the offset included. */
static inline void nn_im2col(const nn_window *window, const cmsis_nn_conv_params *params, const cmsis_nn_dims *input,
                             const cmsis_nn_dims *kernel, nn_column *column)
{
    const int32_t depth = window->depth;
    const int32_t run = kernel->w * depth;
    const int32_t count = kernel->h * run;
    const int whole_rows =
        params->dilation.w == 1 && depth == input->c && window->x >= 0 && window->x + kernel->w <= input->w;
    int8_t *const bytes = (int8_t *)(column + nn_column_size(count)) - (count + 3) / 4 * 4;
    nn_column_sink sink = {column, nn_can_append(depth) ? NULL : bytes, params->input_offset};

    for (int32_t ky = 0; ky < kernel->h; ky++)
    {
        const int32_t y = window->y + ky * params->dilation.h;
        if (y < 0 || y >= input->h)
        {
            nn_put_padding(&sink, run);
            continue;
        }
        const int8_t *const row = window->image + y * input->w * input->c;
        if (whole_rows)
        {
            nn_put(&sink, row + window->x * input->c, run);
            continue;
        }
        for (int32_t kx = 0; kx < kernel->w; kx++)
        {
            const int32_t x = window->x + kx * params->dilation.w;
            if (x < 0 || x >= input->w)
            {
                nn_put_padding(&sink, depth);
            }
            else
            {
                nn_put(&sink, row + x * input->c, depth);
            }
        }
    }
    if (sink.bytes != NULL)
    {
        nn_expand(bytes, count, params->input_offset, column);
    }
}

#endif
