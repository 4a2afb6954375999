/* SPDX-License-Identifier: Apache-2.0 */
/* The inputs under one position of a convolution window, gathered into a column (see nn_dot.h). */
#ifndef NN_IM2COL_H
#define NN_IM2COL_H

#include "arm_nn_types.h"
#include "nn_dot.h"

#include <string.h>

#if defined(ARM_MATH_DSP)

/* A column being filled by runs of any length: fewer than four values wait until a word is full. */
typedef struct
{
    nn_column *to;
    uint32_t waiting;
    int32_t bits;     /* of them, a multiple of 8 */
    uint32_t add;     /* the input offset, twice */
    uint32_t padding; /* four times the zero point */
} nn_packer;

NN_INLINE nn_packer nn_start_column(nn_column *column, int32_t offset)
{
    const nn_packer packer = {column, 0, 0, nn_dup_s16(offset), ((uint32_t)-offset & 0xFFu) * 0x01010101u};
    return packer;
}

NN_INLINE void nn_emit(nn_packer *packer, uint32_t bytes)
{
    packer->to[0] = nn_add_even(packer->add, bytes);
    packer->to[1] = nn_add_odd(packer->add, bytes);
    packer->to += 4;
}

NN_INLINE void nn_append_word(nn_packer *packer, uint32_t word)
{
    nn_emit(packer, packer->waiting | word << packer->bits);
    packer->waiting = word >> (32 - packer->bits);
}

/* The last `count` (0 to 3) values of a run; the bits above them are zero. */
NN_INLINE void nn_append_rest(nn_packer *packer, uint32_t word, int32_t count)
{
    packer->waiting |= word << packer->bits;
    packer->bits += 8 * count;
    if (packer->bits >= 32)
    {
        nn_emit(packer, packer->waiting);
        packer->bits -= 32;
        packer->waiting = word >> (8 * count - packer->bits);
    }
}

NN_INLINE void nn_append(nn_packer *packer, const int8_t *from, int32_t count)
{
    const int8_t *const end = from + (count & ~3);
    if (packer->bits == 0)
    {
        for (; from != end; from += 4)
        {
            nn_emit(packer, nn_load_s8x4(from));
        }
    }
    else
    {
        for (; from != end; from += 4)
        {
            nn_append_word(packer, nn_load_s8x4(from));
        }
    }
    if ((count & 3) != 0)
    {
        nn_append_rest(packer, nn_load_s8_tail(from, count & 3), count & 3);
    }
}

NN_INLINE void nn_append_padding(nn_packer *packer, int32_t count)
{
    for (; count >= 4; count -= 4)
    {
        if (packer->bits == 0)
        {
            nn_emit(packer, packer->padding);
        }
        else
        {
            nn_append_word(packer, packer->padding);
        }
    }
    if (count != 0)
    {
        nn_append_rest(packer, packer->padding >> (32 - 8 * count), count);
    }
}

/* The lanes behind the end meet weights of zero. */
NN_INLINE void nn_finish_column(nn_packer *packer)
{
    if (packer->bits != 0)
    {
        nn_emit(packer, packer->waiting);
    }
}

#else

typedef struct
{
    nn_column *to;
    int32_t offset;
} nn_packer;

NN_INLINE nn_packer nn_start_column(nn_column *column, int32_t offset)
{
    const nn_packer packer = {column, offset};
    return packer;
}

NN_INLINE void nn_append(nn_packer *packer, const int8_t *from, int32_t count)
{
    for (const int8_t *end = from + count; from != end; from++)
    {
        *packer->to++ = (int16_t)(*from + packer->offset);
    }
}

NN_INLINE void nn_append_padding(nn_packer *packer, int32_t count)
{
    memset(packer->to, 0, (size_t)count * sizeof(nn_column));
    packer->to += count;
}

NN_INLINE void nn_finish_column(nn_packer *packer)
{
    (void)packer;
}

#endif

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
    const int whole_rows =
        params->dilation.w == 1 && depth == input->c && window->x >= 0 && window->x + kernel->w <= input->w;
    nn_packer packer = nn_start_column(column, params->input_offset);

    for (int32_t ky = 0; ky < kernel->h; ky++)
    {
        const int32_t y = window->y + ky * params->dilation.h;
        if (y < 0 || y >= input->h)
        {
            nn_append_padding(&packer, run);
            continue;
        }
        const int8_t *const row = window->image + y * input->w * input->c;
        if (whole_rows)
        {
            nn_append(&packer, row + window->x * input->c, run);
            continue;
        }
        for (int32_t kx = 0; kx < kernel->w; kx++)
        {
            const int32_t x = window->x + kx * params->dilation.w;
            if (x < 0 || x >= input->w)
            {
                nn_append_padding(&packer, depth);
            }
            else
            {
                nn_append(&packer, row + x * input->c, depth);
            }
        }
    }
    nn_finish_column(&packer);
}

#endif
