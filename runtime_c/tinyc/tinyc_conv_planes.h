/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal: rows of a convolution, as a depthwise convolution behind it wants them: pairs of rows, less the zero point,
 * spread as int16 over words (see tinyc_depthwise_planes_s8.h). A pixel and the one below it are the two whose products
 * are computed together (see tinyc_pairs.h), so their results of a channel make a word as they are.
 */
#ifndef TINYC_CONV_PLANES_H
#define TINYC_CONV_PLANES_H

#include "tinyc_conv_pairs.h"
#include "tinyc_planes.h"

/* The results of two pixels less `zero`, which is the stage's offset, as words that lie `step` words apart: the first
 * pixel's are in the lower halves. There is room for an even number of channels. */
TINYC_ALWAYS_INLINE void tinyc_conv_planes_words(const tinyc_stage *stage, const uint32_t *column, int32_t fours,
                                                 const int32_t *w, uint32_t *words, int32_t step, int32_t out_c,
                                                 int wide)
{
    const int32_t zero = stage->offset;
#if defined(TINYC_PAIRS_ASM) && TINYC_SCALE_WORDS == 1
    if (__builtin_constant_p(fours) && __builtin_constant_p(stage->right) && stage->low == -128 && stage->high == 127 &&
        __builtin_constant_p(step) && step <= 511) {
        uint32_t *y[2] = {words, words + step * (out_c + out_c % 2)};
        if (zero == -128) {
            const int32_t add = 1 << (stage->right - 1);
            if (wide) {
                TINYC_PAIRS_WIDE_FILTERS(4 * step, 8 * step, TINYC_PAIRS_WORDS_FROM_LEAST);
            } else {
                TINYC_PAIRS_BYTES_FILTERS(4 * step, 8 * step, TINYC_PAIRS_WORDS_FROM_LEAST);
            }
        } else {
            const int32_t add[2] = {(int32_t)((uint32_t)zero << stage->right) + (1 << (stage->right - 1)),
                                    (int32_t)tinyc_pairs_word(zero, zero)};
            if (wide) {
                TINYC_PAIRS_WIDE_FILTERS(4 * step, 8 * step, TINYC_PAIRS_WORDS);
            } else {
                TINYC_PAIRS_BYTES_FILTERS(4 * step, 8 * step, TINYC_PAIRS_WORDS);
            }
        }
        return;
    }
#endif
    for (int32_t o = 0; o < out_c; o += 2, words += 2 * step) {
        int32_t sums[4];
        int32_t scales[2 * TINYC_SCALE_WORDS];
        w = tinyc_pairs_of_two(sums, column, w, fours, wide);
        for (int32_t i = 0; i < TINYC_SCALE_WORDS; i++) {
            w = tinyc_pairs_next(w, scales + 2 * i);
        }
        for (int32_t f = 0; f < 2; f++) {
            const int32_t *const scale = scales + f * TINYC_SCALE_WORDS;
            words[f * step] = tinyc_pairs_word(tinyc_value(stage, sums[f], scale) - zero,
                                               tinyc_value(stage, sums[2 + f], scale) - zero);
        }
    }
}

/* What is left of words that hold two neighbouring pixels of a row without a partner: the second pixel's go on to the
 * next column, if there is one. */
TINYC_ALWAYS_INLINE void tinyc_conv_planes_part(int32_t channels, int32_t plane, int32_t slots, int32_t shift,
                                                int both, uint32_t *words)
{
    for (int32_t c = 0; c < channels; c++, words += plane) {
        const uint32_t word = *words;
        words[0] = (word & 0xFFFFu) << shift;
        if (both) {
            words[slots] = word >> 16 << shift;
        }
    }
}

/* Where the window of pixel (row, 0) starts. */
TINYC_ALWAYS_INLINE tinyc_conv_pairs_place tinyc_conv_planes_start(const tinyc_conv_pairs_params *p, int32_t row)
{
    tinyc_conv_pairs_place place = {row * p->stride_h - p->pad_top, -p->pad_left, 0};
    place.bytes = (place.row * p->in_w + place.col) * p->in_c;
    return place;
}

/* Rows `first` and first + 1 of the convolution p of x, as those of the input of d; `to` is at the planes and the slot. */
TINYC_ALWAYS_INLINE void tinyc_conv_planes(const tinyc_conv_pairs_params *p, const tinyc_depthwise_planes_params *d,
                                           int wide, int32_t first, const int8_t *x, const int32_t *w, uint32_t *column,
                                           uint32_t *to)
{
    const tinyc_stage stage = p->stage; /* a copy, which no store of a result can change */
    const int32_t slots = d->kernel_h / 2 + 1, columns = tinyc_planes_columns(d), plane = columns * slots;
    const int32_t left = tinyc_planes_least(d->pad_left, columns);
    const int32_t inside = tinyc_planes_least(p->out_w, columns - left);
    const int32_t fours = tinyc_conv_pairs_sizes_of(p, wide).fours, move = p->stride_w * p->in_c;
    const int upper = first >= 0 && first < p->out_h, lower = first >= -1 && first < p->out_h - 1;
    const int both = upper && lower;
    to += left * slots;
    if (!upper && !lower) {
        tinyc_planes_zero(p->out_c, inside, slots, plane, to);
        return;
    }
    tinyc_conv_pairs_place a = tinyc_conv_planes_start(p, upper ? first : first + 1);
    tinyc_conv_pairs_place b = both ? tinyc_conv_planes_start(p, first + 1) : a;
    for (int32_t i = 0; i < inside;) {
        const int single = !both && i + 1 == inside;
        if (!both && !single) {
            b.col += p->stride_w;
            b.bytes += move;
        }
        tinyc_conv_pairs_columns(p, x, &a, column, 4, 1, wide);
        tinyc_conv_pairs_columns(p, x, &b, column + 2, 4, 1, wide);
        tinyc_conv_planes_words(&stage, column, fours, w, to, plane, p->out_c, wide);
        if (!both) {
            tinyc_conv_planes_part(p->out_c, plane, slots, upper ? 0 : 16, !single, to);
        }
        b.col += p->stride_w;
        b.bytes += move;
        if (both) {
            a.col += p->stride_w;
            a.bytes += move;
        } else {
            a = b;
        }
        const int32_t done = both || single ? 1 : 2;
        i += done;
        to += done * slots;
    }
}

#endif
