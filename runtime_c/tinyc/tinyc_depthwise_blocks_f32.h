/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: a depthwise convolution of floats, up to sixteen neighbouring channels of a pixel at a time; see
 * tinyc_kernels.h. The columns of a window are neighbours. */
#ifndef TINYC_DEPTHWISE_BLOCKS_F32_H
#define TINYC_DEPTHWISE_BLOCKS_F32_H

#include "tinyc_blocks_f32.h"
#include "tinyc_taps.h"

/* The taps of a window that lie inside the input, rows * columns of them. */
typedef struct {
    int32_t rows, columns;
    int32_t channels;       /* from one column to the next */
    int32_t x_start, x_row; /* the first tap in x, and the step to the next row */
    int32_t w_start, w_row; /* the same in the weights */
} tinyc_depthwise_taps;

/* sums [channels] = from [channels] + the products of the taps of a window, which has some; channels: 4, 8 or 16. */
TINYC_ALWAYS_INLINE void tinyc_taps_of(int32_t channels, const tinyc_depthwise_taps *at, const float *x, const float *w,
                                       const float *from, float *sums)
{
    x += at->x_start;
    w += at->w_start;
#if defined(TINYC_FPU)
#define TINYC_TAPS4(a, b, c, d, x0, x1, x2, x3, w0, w1, w2, w3)                                                        \
    TINYC_MLA(a, x0, w0) TINYC_MLA(b, x1, w1) TINYC_MLA(c, x2, w2) TINYC_MLA(d, x3, w3)
#define TINYC_TAPS16                                                                                                   \
    "vldmia %[x]!, {s16-s23}\n\tvldmia %[w]!, {s24-s31}\n\t"                                                           \
    TINYC_TAPS4("s0", "s1", "s2", "s3", "s16", "s17", "s18", "s19", "s24", "s25", "s26", "s27")                        \
    TINYC_TAPS4("s4", "s5", "s6", "s7", "s20", "s21", "s22", "s23", "s28", "s29", "s30", "s31")                        \
    "vldmia %[x], {s16-s23}\n\tvldmia %[w], {s24-s31}\n\tadd %[x], %[next]\n\tadd %[w], %[next]\n\t"               \
    TINYC_TAPS4("s8", "s9", "s10", "s11", "s16", "s17", "s18", "s19", "s24", "s25", "s26", "s27")                      \
    TINYC_TAPS4("s12", "s13", "s14", "s15", "s20", "s21", "s22", "s23", "s28", "s29", "s30", "s31")
#define TINYC_TAPS8                                                                                                    \
    "vldmia %[x], {s16-s23}\n\tvldmia %[w], {s24-s31}\n\tadd %[x], %[next]\n\tadd %[w], %[next]\n\t"               \
    TINYC_TAPS4("s0", "s1", "s2", "s3", "s16", "s17", "s18", "s19", "s24", "s25", "s26", "s27")                        \
    TINYC_TAPS4("s4", "s5", "s6", "s7", "s20", "s21", "s22", "s23", "s28", "s29", "s30", "s31")
#define TINYC_TAPS_4                                                                                                   \
    "vldmia %[x], {s16-s19}\n\tvldmia %[w], {s24-s27}\n\tadd %[x], %[next]\n\tadd %[w], %[next]\n\t"               \
    TINYC_TAPS4("s0", "s1", "s2", "s3", "s16", "s17", "s18", "s19", "s24", "s25", "s26", "s27")
/* `left` is where the sums start from, and then counts. */
#define TINYC_WINDOW(SUMS, ...)                                                                                        \
    __asm__ volatile("vldmia %[left], {" SUMS "}\n2:\n\t" __VA_ARGS__                                                  \
                     "add %[x], %[x_skip]\n\tadd %[w], %[w_skip]\n\tsubs %[rows], #1\n\tbne 2b\n\t"                   \
                     "vstmia %[sums], {" SUMS "}"                                                                      \
                     : [rows] "+r"(rows), [left] "+r"(from), [x] "+r"(x), [w] "+r"(w)                                  \
                     : [columns] "r"(at->columns), [sums] "r"(sums), [next] "r"(next), [x_skip] "r"(x_skip),           \
                       [w_skip] "r"(w_skip)                                                                            \
                     : TINYC_FPU_LOW, TINYC_FPU_HIGH, "cc", "memory")
#define TINYC_BY_TAPS(SUMS, TAPS)                                                                                      \
    do {                                                                                                               \
        if (at->columns == 3) {                                                                                        \
            TINYC_WINDOW(SUMS, TAPS TAPS TAPS);                                                                        \
        } else {                                                                                                       \
            TINYC_WINDOW(SUMS, "mov %[left], %[columns]\n1:\n\t" TAPS "subs %[left], #1\n\tbne 1b\n\t");              \
        }                                                                                                              \
    } while (0)
    const int32_t next = 4 * at->channels - (channels == 16 ? 32 : 0); /* a tap of 16 moves on by itself */
    const int32_t x_skip = 4 * (at->x_row - at->columns * at->channels);
    const int32_t w_skip = 4 * (at->w_row - at->columns * at->channels);
    int32_t rows = at->rows;
    if (channels == 16) {
        TINYC_BY_TAPS("s0-s15", TINYC_TAPS16);
    } else if (channels == 8) {
        TINYC_BY_TAPS("s0-s7", TINYC_TAPS8);
    } else {
        TINYC_BY_TAPS("s0-s3", TINYC_TAPS_4);
    }
#undef TINYC_BY_TAPS
#undef TINYC_WINDOW
#undef TINYC_TAPS_4
#undef TINYC_TAPS8
#undef TINYC_TAPS16
#undef TINYC_TAPS4
#else
    for (int32_t c = 0; c < channels; ++c) {
        float sum = from[c];
        for (int32_t row = 0; row < at->rows; ++row) {
            for (int32_t column = 0; column < at->columns; ++column) {
                sum += x[row * at->x_row + column * at->channels + c] * w[row * at->w_row + column * at->channels + c];
            }
        }
        sums[c] = sum;
    }
#endif
}

/* As many channels of a window, from those that x, w, b and y point to. */
TINYC_ALWAYS_INLINE void tinyc_depthwise_block(int32_t channels, const tinyc_conv2d_params *p,
                                               const tinyc_depthwise_taps *at, const float *x, const float *w,
                                               const float *b, float *y)
{
    float sums[16];
    const float *from = b;
    if (at->rows > 0 && at->columns > 0) {
        tinyc_taps_of(channels, at, x, w, b, sums);
        from = sums;
    }
#pragma GCC unroll 16
    for (int32_t c = 0; c < channels; ++c) {
        y[c] = tinyc_clamped_f32(from[c], p->low, p->high);
    }
}

TINYC_ALWAYS_INLINE void tinyc_depthwise_one(const tinyc_conv2d_params *p, const tinyc_depthwise_taps *at,
                                             const float *x, const float *w, float sum, float *y)
{
    x += at->x_start;
    w += at->w_start;
    for (int32_t row = 0; row < at->rows; ++row) {
        for (int32_t column = 0; column < at->columns; ++column) {
            sum += x[row * at->x_row + column * at->channels] * w[row * at->w_row + column * at->channels];
        }
    }
    *y = tinyc_clamped_f32(sum, p->low, p->high);
}

TINYC_ALWAYS_INLINE void tinyc_depthwise_blocks_f32_inline(const tinyc_conv2d_params *p, const float *x, const float *w,
                                                           const float *b, float *y)
{
    for (int32_t n = 0; n < p->batches; ++n, x += p->in_h * p->in_w * p->in_c) {
        for (int32_t i = 0; i < p->out_h; ++i) {
            const int32_t top = i * p->stride_h - p->pad_top;
            const tinyc_taps rows = tinyc_taps_inside(top, p->kernel_h, p->dilation_h, p->in_h);
            for (int32_t j = 0; j < p->out_w; ++j, y += p->out_c) {
                const int32_t left = j * p->stride_w - p->pad_left;
                const tinyc_taps columns = tinyc_taps_inside(left, p->kernel_w, 1, p->in_w);
                const int32_t row = top + rows.first * p->dilation_h;
                const int32_t column = left + columns.first;
                tinyc_depthwise_taps at;
                at.rows = rows.end - rows.first;
                at.columns = columns.end - columns.first;
                at.channels = p->in_c;
                at.x_start = (row * p->in_w + column) * p->in_c;
                at.x_row = p->dilation_h * p->in_w * p->in_c;
                at.w_start = (rows.first * p->kernel_w + columns.first) * p->out_c;
                at.w_row = p->kernel_w * p->out_c;
                int32_t c = 0;
                for (; c + 16 <= p->out_c; c += 16) {
                    tinyc_depthwise_block(16, p, &at, x + c, w + c, b + c, y + c);
                }
                if (c + 8 <= p->out_c) {
                    tinyc_depthwise_block(8, p, &at, x + c, w + c, b + c, y + c);
                    c += 8;
                }
                if (c + 4 <= p->out_c) {
                    tinyc_depthwise_block(4, p, &at, x + c, w + c, b + c, y + c);
                    c += 4;
                }
                for (; c < p->out_c; ++c) {
                    tinyc_depthwise_one(p, &at, x + c, w + c, b[c], y + c);
                }
            }
        }
    }
}

#endif
