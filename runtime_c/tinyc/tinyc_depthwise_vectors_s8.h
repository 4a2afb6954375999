/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal: depthwise convolution for Helium, sixteen products of a channel an instruction: four columns of four rows.
 * For a row of results and four channels, rows of x are woven into a strip [column][channel][row] with its padding; loads
 * that take every fourth word then give each channel its cells. Kernels of more than four rows or columns take two such
 * blocks along that axis. Cells beyond the kernel have zeros for weights.
 */
#ifndef TINYC_DEPTHWISE_VECTORS_S8_H
#define TINYC_DEPTHWISE_VECTORS_S8_H

#include "tinyc_vectors.h"

enum { TINYC_SIDE = 4, TINYC_COLUMN = 16 }; /* rows, columns and channels of a block; bytes of a woven column */

#if defined(TINYC_MVE)

/* Four int8 at any address. */
TINYC_ALWAYS_INLINE int32_t tinyc_word(const int8_t *from)
{
    int32_t word;
    (void)memcpy(&word, from, sizeof word);
    return word;
}

/* Four channels of four columns of a row, `apart` bytes from one column to the next. There are `n` columns: the last one
 * stands for those behind it. */
TINYC_ALWAYS_INLINE int8x16_t tinyc_columns(const int8_t *x, int32_t apart, int32_t n)
{
    return vreinterpretq_s8_s32(tinyc_lanes(tinyc_word(x), tinyc_word(x + (n > 1 ? 1 : 0) * apart),
                                            tinyc_word(x + (n > 2 ? 2 : n - 1) * apart),
                                            tinyc_word(x + (n > 3 ? 3 : n - 1) * apart)));
}

/* Four rows of four columns and channels; a null pointer is a row of `zeros`. */
TINYC_ALWAYS_INLINE void tinyc_weave(const int8_t *const row[TINYC_SIDE], int32_t at, int32_t apart, int32_t n,
                                     int8x16_t zeros, int8_t *to)
{
    const int8x16_t a = row[0] ? tinyc_columns(row[0] + at, apart, n) : zeros;
    const int8x16_t b = row[1] ? tinyc_columns(row[1] + at, apart, n) : zeros;
    const int8x16_t c = row[2] ? tinyc_columns(row[2] + at, apart, n) : zeros;
    const int8x16_t d = row[3] ? tinyc_columns(row[3] + at, apart, n) : zeros;
#if defined(__OPTIMIZE__) /* GCC passes four vectors through memory */
    register int8x16_t q0 __asm__("q0") = a;
    register int8x16_t q1 __asm__("q1") = b;
    register int8x16_t q2 __asm__("q2") = c;
    register int8x16_t q3 __asm__("q3") = d;
    __asm__ volatile("vst40.8 {q0, q1, q2, q3}, [%0]\n\t"
                     "vst41.8 {q0, q1, q2, q3}, [%0]\n\t"
                     "vst42.8 {q0, q1, q2, q3}, [%0]\n\t"
                     "vst43.8 {q0, q1, q2, q3}, [%0]"
                     :
                     : "r"(to), "w"(q0), "w"(q1), "w"(q2), "w"(q3)
                     : "memory");
#else
    const int8x16x4_t rows = {{a, b, c, d}};
    vst4q_s8(to, rows);
#endif
}

#endif

/* n columns of four rows; a null pointer is a row of padding. */
TINYC_ALWAYS_INLINE void tinyc_weave_columns(const tinyc_depthwise_vectors_params *p, const int8_t *const row[TINYC_SIDE],
                                             int32_t n, int8_t *to)
{
#if defined(TINYC_MVE)
    const int8x16_t zeros = vdupq_n_s8((int8_t)p->zero);
    const int32_t whole = n & ~(TINYC_SIDE - 1);
    for (int32_t column = 0; column < whole; column += TINYC_SIDE) {
        tinyc_weave(row, column * p->channels, p->channels, TINYC_SIDE, zeros, to + column * TINYC_COLUMN);
    }
    if (whole < n) {
        tinyc_weave(row, whole * p->channels, p->channels, n - whole, zeros, to + whole * TINYC_COLUMN);
    }
#else
    for (int32_t i = 0; i < n * TINYC_COLUMN; ++i) {
        const int8_t *from = row[i % TINYC_SIDE];
        const int32_t channel = i / TINYC_SIDE % TINYC_SIDE;
        to[i] = from ? from[i / TINYC_COLUMN * p->channels + channel] : (int8_t)p->zero;
    }
#endif
}

/* Four rows from `top` on, as many of them as the kernel has, at four channels that start at x. */
TINYC_ALWAYS_INLINE void tinyc_weave_rows(const tinyc_depthwise_vectors_params *p, const int8_t *x, int32_t top,
                                          int32_t rows, int8_t *strip)
{
    const int32_t columns = (p->out_w - 1) * p->stride_w + p->kernel_w;
    const int32_t left = p->pad_left < columns ? p->pad_left : columns;
    const int32_t inside = columns - left < p->in_w ? columns - left : p->in_w;
    const int32_t below = (rows < TINYC_SIDE ? rows : TINYC_SIDE) * p->dilation_h;
    const int8_t *row[TINYC_SIDE];
    tinyc_fill_vectors(left * TINYC_COLUMN, p->zero, strip);
    if (top >= 0 && top + below - p->dilation_h < p->in_h) {
        for (int32_t i = 0; i < TINYC_SIDE; ++i) {
            row[i] = i < rows ? x + (top + i * p->dilation_h) * p->in_w * p->channels : 0;
        }
        tinyc_weave_columns(p, row, inside, strip + left * TINYC_COLUMN);
    } else {
        for (int32_t i = 0; i < TINYC_SIDE; ++i) {
            const int32_t at = top + i * p->dilation_h;
            row[i] = i < rows && at >= 0 && at < p->in_h ? x + at * p->in_w * p->channels : 0;
        }
        tinyc_weave_columns(p, row, inside, strip + left * TINYC_COLUMN);
    }
    tinyc_fill_vectors((columns - left - inside) * TINYC_COLUMN, p->zero, strip + (left + inside) * TINYC_COLUMN);
}

/* Blocks along an axis of the kernel. */
TINYC_ALWAYS_INLINE int32_t tinyc_blocks(int32_t cells)
{
    return (cells + TINYC_SIDE - 1) / TINYC_SIDE;
}

/* Bytes from the strip of four rows to that of the next four: what the last window reaches, or the last weaving. */
TINYC_ALWAYS_INLINE int32_t tinyc_strip_bytes(const tinyc_depthwise_vectors_params *p)
{
    return ((p->out_w - 1) * p->stride_w + p->kernel_w + TINYC_SIDE - 1) * TINYC_COLUMN;
}

#if defined(TINYC_MVE)

#if defined(__OPTIMIZE__)

/* Every fourth of sixteen words at x, from the first to the fourth on; x moves on to the next four columns. */
#define TINYC_LOAD_CHANNELS(x)                                                                                         \
    "vld40.32 {q0, q1, q2, q3}, [" x "]\n\t"                                                                           \
    "vld41.32 {q0, q1, q2, q3}, [" x "]\n\t"                                                                           \
    "vld42.32 {q0, q1, q2, q3}, [" x "]\n\t"                                                                           \
    "vld43.32 {q0, q1, q2, q3}, [" x "]!\n\t"

#define TINYC_STEP_OF_CHANNELS(multiply)                                                                               \
    TINYC_LOAD_CHANNELS("%[x]")                                                                                        \
    "vldrb.8 q4, [%[w]], #16\n\t" multiply ".s8 r0, q0, q4\n\t"                                                        \
    "vldrb.8 q5, [%[w]], #16\n\t" multiply ".s8 r2, q1, q5\n\t"                                                        \
    "vldrb.8 q4, [%[w]], #16\n\t" multiply ".s8 r4, q2, q4\n\t"                                                        \
    "vldrb.8 q5, [%[w]], #16\n\t" multiply ".s8 r6, q3, q5\n\t"

#define TINYC_SUMS_OF_CHANNELS(more)                                                                                   \
    __asm__ volatile(TINYC_STEP_OF_CHANNELS("vmladav") more                                                            \
                     "vmov %q[a][2], %q[a][0], r0, r4\n\t"                                                             \
                     "vmov %q[a][3], %q[a][1], r2, r6"                                                                 \
                     : [a] "=&w"(a), [w] "+r"(w), [x] "+r"(x)                                                          \
                     : [next] "r"(next)                                                                                \
                     : "q0", "q1", "q2", "q3", "q4", "q5", "r0", "r2", "r4", "r6", "memory")

/* The sums of four channels over windows of more than one block. */
TINYC_ALWAYS_INLINE int32x4_t tinyc_sums_of_blocks(const tinyc_depthwise_vectors_params *p, const int8_t *w,
                                                   const int8_t *x)
{
    int32x4_t a;
    const int32_t next = tinyc_strip_bytes(p) - tinyc_blocks(p->kernel_w) * TINYC_SIDE * TINYC_COLUMN;
    if (tinyc_blocks(p->kernel_h) == 1) {
        TINYC_SUMS_OF_CHANNELS(TINYC_STEP_OF_CHANNELS("vmladava"));
    } else if (tinyc_blocks(p->kernel_w) == 1) {
        TINYC_SUMS_OF_CHANNELS("add %[x], %[x], %[next]\n\t" TINYC_STEP_OF_CHANNELS("vmladava"));
    } else {
        TINYC_SUMS_OF_CHANNELS(TINYC_STEP_OF_CHANNELS("vmladava") "add %[x], %[x], %[next]\n\t" TINYC_STEP_OF_CHANNELS(
            "vmladava") TINYC_STEP_OF_CHANNELS("vmladava"));
    }
    return a;
}

/* The sums of four channels over windows of one block at x and at z. */
TINYC_ALWAYS_INLINE void tinyc_sums_of_block(const int8x16_t w[TINYC_SIDE], const int8_t *x, const int8_t *z,
                                             int32x4_t *first, int32x4_t *second)
{
    register int32x4_t a __asm__("q0");
    register int32x4_t b __asm__("q1");
    __asm__ volatile(TINYC_LOAD_CHANNELS("%[x]")
                     "vmladav.s8 r0, q0, %q[w0]\n\t"
                     "vmladav.s8 r2, q1, %q[w1]\n\t"
                     "vmladav.s8 r4, q2, %q[w2]\n\t"
                     "vmladav.s8 r6, q3, %q[w3]\n\t" TINYC_LOAD_CHANNELS("%[z]")
                     "vmladav.s8 r8, q0, %q[w0]\n\t"
                     "vmladav.s8 r10, q1, %q[w1]\n\t"
                     "vmladav.s8 r12, q2, %q[w2]\n\t"
                     "vmladav.s8 lr, q3, %q[w3]\n\t"
                     "vmov q0[2], q0[0], r0, r4\n\t"
                     "vmov q0[3], q0[1], r2, r6\n\t"
                     "vmov q1[2], q1[0], r8, r12\n\t"
                     "vmov q1[3], q1[1], r10, lr"
                     : "=&w"(a), "=&w"(b), [x] "+r"(x), [z] "+r"(z)
                     : [w0] "w"(w[0]), [w1] "w"(w[1]), [w2] "w"(w[2]), [w3] "w"(w[3])
                     : "q2", "q3", "r0", "r2", "r4", "r6", "r8", "r10", "r12", "lr", "memory");
    *first = a;
    *second = b;
}

#else

TINYC_ALWAYS_INLINE int32x4_t tinyc_sums_of_blocks(const tinyc_depthwise_vectors_params *p, const int8_t *w,
                                                   const int8_t *x)
{
    int32_t sums[TINYC_SIDE] = {0};
    for (int32_t i = 0; i < tinyc_blocks(p->kernel_h); ++i) {
        for (int32_t j = 0; j < tinyc_blocks(p->kernel_w); ++j) {
            const int8_t *columns = x + i * tinyc_strip_bytes(p) + j * TINYC_SIDE * TINYC_COLUMN;
            for (int32_t c = 0; c < TINYC_SIDE * TINYC_COLUMN; ++c) {
                const int32_t channel = c / TINYC_SIDE % TINYC_SIDE;
                const int32_t column = c / TINYC_COLUMN;
                sums[channel] += w[(channel * TINYC_SIDE + column) * TINYC_SIDE + c % TINYC_SIDE] * columns[c];
            }
            w += TINYC_SIDE * TINYC_COLUMN;
        }
    }
    return vldrwq_s32(sums);
}

#endif

/* A row of results at four channels, of which `some` are stored. */
TINYC_ALWAYS_INLINE void tinyc_channels_over(const tinyc_depthwise_vectors_params *p, const int8_t *x,
                                             const int32_t *packed, mve_pred16_t some, int8_t *y)
{
    const int32x4_t bias = vldrwq_s32(packed);
    const tinyc_scales_x4 scales = tinyc_load_scales(packed + TINYC_SIDE);
    const int8_t *w = (const int8_t *)(packed + (1 + TINYC_SCALE_WORDS) * TINYC_SIDE);
    const int32_t apart = p->stride_w * TINYC_COLUMN;
    int32_t n = p->out_w;
#if defined(__OPTIMIZE__)
    if (tinyc_blocks(p->kernel_h) == 1 && tinyc_blocks(p->kernel_w) == 1) {
        const int8x16_t weights[TINYC_SIDE] = {vldrbq_s8(w), vldrbq_s8(w + 16), vldrbq_s8(w + 32), vldrbq_s8(w + 48)};
        int32x4_t first, second;
        for (; n > 1; n -= 2) {
            tinyc_sums_of_block(weights, x, x + apart, &first, &second);
            tinyc_store_x4(y, tinyc_results_x4(&p->stage, vaddq_s32(first, bias), scales), p->channels, some);
            y += p->channels;
            tinyc_store_x4(y, tinyc_results_x4(&p->stage, vaddq_s32(second, bias), scales), p->channels, some);
            y += p->channels;
            x += 2 * apart;
        }
        if (n > 0) {
            tinyc_sums_of_block(weights, x, x, &first, &second);
            tinyc_store_x4(y, tinyc_results_x4(&p->stage, vaddq_s32(first, bias), scales), p->channels, some);
        }
        return;
    }
#endif
    for (; n > 0; --n) {
        const int32x4_t sums = vaddq_s32(tinyc_sums_of_blocks(p, w, x), bias);
        tinyc_store_x4(y, tinyc_results_x4(&p->stage, sums, scales), p->channels, some);
        x += apart;
        y += p->channels;
    }
}

#else

/* The same, of which those from `first` on are stored. */
TINYC_ALWAYS_INLINE void tinyc_channels_over(const tinyc_depthwise_vectors_params *p, const int8_t *x,
                                             const int32_t *packed, int32_t first, int8_t *y)
{
    const int8_t *w = (const int8_t *)(packed + (1 + TINYC_SCALE_WORDS) * TINYC_SIDE);
    for (int32_t i = 0; i < p->out_w * TINYC_SIDE; ++i) {
        const int32_t channel = i % TINYC_SIDE;
        const int32_t pixel = i / TINYC_SIDE;
        uint32_t sum = (uint32_t)packed[channel];
        for (int32_t k = 0; k < p->kernel_h * p->kernel_w; ++k) {
            const int32_t row = k / p->kernel_w;
            const int32_t column = k % p->kernel_w;
            const int32_t block = row / TINYC_SIDE * tinyc_blocks(p->kernel_w) + column / TINYC_SIDE;
            const int8_t *cells = x + row / TINYC_SIDE * tinyc_strip_bytes(p) + (pixel * p->stride_w + column) * TINYC_COLUMN;
            const int8_t weight = w[((block * TINYC_SIDE + channel) * TINYC_SIDE + column % TINYC_SIDE) * TINYC_SIDE +
                                    row % TINYC_SIDE];
            sum += (uint32_t)(weight * cells[channel * TINYC_SIDE + row % TINYC_SIDE]);
        }
        int32_t scale[TINYC_SCALE_WORDS];
        for (int32_t k = 0; k < TINYC_SCALE_WORDS; ++k) {
            scale[k] = packed[(1 + k) * TINYC_SIDE + channel];
        }
        if (channel >= first) {
            y[pixel * p->channels + channel] = tinyc_result(&p->stage, (int32_t)sum, scale);
        }
    }
}

#endif

TINYC_ALWAYS_INLINE void tinyc_depthwise_vectors_s8_inline(const tinyc_depthwise_vectors_params *p, const int8_t *x,
                                                           const int32_t *w, int8_t *strip, int8_t *y)
{
    const int32_t blocks = tinyc_blocks(p->kernel_h) * tinyc_blocks(p->kernel_w);
    const int32_t block = TINYC_SIDE * (1 + TINYC_SCALE_WORDS) + TINYC_COLUMN * blocks; /* words of four channels */
    for (int32_t batch = 0; batch < p->batches; ++batch) {
        for (int32_t row = 0; row < p->out_h; ++row) {
            const int32_t top = row * p->stride_h - p->pad_top;
            const int32_t *packed = w;
            for (int32_t c = 0; c < p->channels; c += TINYC_SIDE) {
                /* the last four channels overlap those before, which have zeros for weights here and are not stored */
                const int32_t first = c + TINYC_SIDE > p->channels ? c + TINYC_SIDE - p->channels : 0;
                for (int32_t i = 0; i < p->kernel_h; i += TINYC_SIDE) {
                    tinyc_weave_rows(p, x + c - first, top + i * p->dilation_h, p->kernel_h - i,
                                     strip + i / TINYC_SIDE * tinyc_strip_bytes(p));
                }
#if defined(TINYC_MVE)
                tinyc_channels_over(p, strip, packed, (mve_pred16_t)(0xffffU << (4 * first)), y + c - first);
#else
                tinyc_channels_over(p, strip, packed, first, y + c - first);
#endif
                packed += block;
            }
            y += p->out_w * p->channels;
        }
        x += p->in_h * p->in_w * p->channels;
    }
}

#endif
