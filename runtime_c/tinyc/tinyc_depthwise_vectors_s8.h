/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal: depthwise convolution for Helium, sixteen products of a channel an instruction. For a row of results and four
 * channels, the rows of x are woven into a strip [column][rows / 4][channel][4 rows] with its padding; loads that take
 * every fourth word then give each channel a block of its own: four columns of four rows, or two columns of eight where
 * the kernel has more than four rows. Cells beyond the kernel have zeros for weights.
 */
#ifndef TINYC_DEPTHWISE_VECTORS_S8_H
#define TINYC_DEPTHWISE_VECTORS_S8_H

#include "tinyc_vectors.h"

enum { TINYC_SIDE = 4, TINYC_BLOCK = 64 }; /* channels, and words of each, in a block; its bytes */

/* Columns of a block. */
TINYC_ALWAYS_INLINE int32_t tinyc_block_columns(const tinyc_depthwise_vectors_params *p)
{
    return p->kernel_h > TINYC_SIDE ? TINYC_SIDE / 2 : TINYC_SIDE;
}

/* Blocks that a window takes. */
TINYC_ALWAYS_INLINE int32_t tinyc_block_count(const tinyc_depthwise_vectors_params *p)
{
    return (p->kernel_w + tinyc_block_columns(p) - 1) / tinyc_block_columns(p);
}

#if defined(TINYC_MVE)

/* Four channels of row `row` at x, if `present` has its bit, else four times `zero`. */
TINYC_ALWAYS_INLINE int32_t tinyc_quads(const tinyc_depthwise_vectors_params *p, const int8_t *x, uint32_t present,
                                        int32_t row)
{
    int32_t word = (int32_t)(((uint32_t)p->zero & 0xFFu) * 0x1010101u);
    if (present >> row & 1u) {
        (void)memcpy(&word, x + row * p->dilation_h * p->in_w * p->channels, sizeof word);
    }
    return word;
}

/* Row `row` of a block, and the one four rows below, at columns from x on. There are n columns: the last one stands for
 * those behind it. */
TINYC_ALWAYS_INLINE int8x16_t tinyc_cells_x4(const tinyc_depthwise_vectors_params *p, const int8_t *x, uint32_t present,
                                             int32_t row, int32_t n)
{
    const int8_t *x1 = x + (n > 1 ? 1 : 0) * p->channels;
    if (p->kernel_h > TINYC_SIDE) {
        return vreinterpretq_s8_s32(
            tinyc_lanes(tinyc_quads(p, x, present, row), tinyc_quads(p, x, present, row + TINYC_SIDE),
                        tinyc_quads(p, x1, present, row), tinyc_quads(p, x1, present, row + TINYC_SIDE)));
    }
    if (!(present >> row & 1u)) {
        return vdupq_n_s8((int8_t)p->zero);
    }
    const int8_t *x2 = x + (n > 2 ? 2 : n - 1) * p->channels;
    const int8_t *x3 = x + (n > 3 ? 3 : n - 1) * p->channels;
    return vreinterpretq_s8_s32(tinyc_lanes(tinyc_quads(p, x, present, row), tinyc_quads(p, x1, present, row),
                                            tinyc_quads(p, x2, present, row), tinyc_quads(p, x3, present, row)));
}

/* A block. */
TINYC_ALWAYS_INLINE void tinyc_weave(const tinyc_depthwise_vectors_params *p, const int8_t *x, uint32_t present,
                                     int32_t n, int8_t *to)
{
    const int8x16_t a = tinyc_cells_x4(p, x, present, 0, n);
    const int8x16_t b = p->kernel_h > 1 ? tinyc_cells_x4(p, x, present, 1, n) : a; /* or anything */
    const int8x16_t c = p->kernel_h > 2 ? tinyc_cells_x4(p, x, present, 2, n) : a;
    const int8x16_t d = p->kernel_h > 3 ? tinyc_cells_x4(p, x, present, 3, n) : a;
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

/* n columns from x on; `present` has a bit for each row of the kernel that lies inside x. */
TINYC_ALWAYS_INLINE void tinyc_weave_columns(const tinyc_depthwise_vectors_params *p, const int8_t *x, uint32_t present,
                                             int32_t n, int8_t *to)
{
#if defined(TINYC_MVE)
    for (; n >= tinyc_block_columns(p); n -= tinyc_block_columns(p)) {
        tinyc_weave(p, x, present, tinyc_block_columns(p), to);
        x += tinyc_block_columns(p) * p->channels;
        to += TINYC_BLOCK;
    }
    if (n > 0) {
        tinyc_weave(p, x, present, n, to);
    }
#else
    const int32_t bytes = TINYC_BLOCK / tinyc_block_columns(p); /* of a column */
    for (int32_t i = 0; i < n * bytes; ++i) {
        const int32_t row = i % bytes / (TINYC_SIDE * TINYC_SIDE) * TINYC_SIDE + i % TINYC_SIDE;
        const int32_t at = (row * p->dilation_h * p->in_w + i / bytes) * p->channels + i / TINYC_SIDE % TINYC_SIDE;
        to[i] = present >> row & 1u ? x[at] : (int8_t)p->zero;
    }
#endif
}

/* The strip for a row of results whose windows start at row `top` of x, for the four channels at x. */
TINYC_ALWAYS_INLINE void tinyc_weave_strip(const tinyc_depthwise_vectors_params *p, const int8_t *x, int32_t top,
                                           int8_t *strip)
{
    const int32_t columns = (p->out_w - 1) * p->stride_w + p->kernel_w;
    const int32_t left = p->pad_left < columns ? p->pad_left : columns;
    const int32_t inside = columns - left < p->in_w ? columns - left : p->in_w;
    const int32_t bytes = TINYC_BLOCK / tinyc_block_columns(p); /* of a column */
    const uint32_t all = (1u << p->kernel_h) - 1u;
    int8_t *to = strip + left * bytes;
    x += top * p->in_w * p->channels;
    tinyc_fill_vectors(left * bytes, p->zero, strip);
    if (top >= 0 && top + (p->kernel_h - 1) * p->dilation_h < p->in_h) {
        tinyc_weave_columns(p, x, all, inside, to);
    } else {
        uint32_t present = 0;
        for (int32_t i = 0; i < p->kernel_h; ++i) {
            const int32_t row = top + i * p->dilation_h;
            present |= row >= 0 && row < p->in_h ? 1u << i : 0u;
        }
        tinyc_weave_columns(p, x, present, inside, to);
    }
    tinyc_fill_vectors((columns - left - inside) * bytes, p->zero, to + inside * bytes);
}

#if defined(TINYC_MVE)

#if defined(__OPTIMIZE__)

/* Every fourth of sixteen words at x, from the first to the fourth on; x moves on to the next block. */
#define TINYC_LOAD_BLOCK(x)                                                                                            \
    "vld40.32 {q0, q1, q2, q3}, [" x "]\n\t"                                                                           \
    "vld41.32 {q0, q1, q2, q3}, [" x "]\n\t"                                                                           \
    "vld42.32 {q0, q1, q2, q3}, [" x "]\n\t"                                                                           \
    "vld43.32 {q0, q1, q2, q3}, [" x "]!\n\t"

#define TINYC_NEXT_BLOCK(multiply)                                                                                     \
    TINYC_LOAD_BLOCK("%[x]")                                                                                           \
    "vldrb.8 q4, [%[w]], #16\n\t" multiply ".s8 r0, q0, q4\n\t"                                                        \
    "vldrb.8 q5, [%[w]], #16\n\t" multiply ".s8 r2, q1, q5\n\t"                                                        \
    "vldrb.8 q4, [%[w]], #16\n\t" multiply ".s8 r4, q2, q4\n\t"                                                        \
    "vldrb.8 q5, [%[w]], #16\n\t" multiply ".s8 r6, q3, q5\n\t"

#define TINYC_SUMS_OF_BLOCKS(more)                                                                                     \
    __asm__ volatile(TINYC_NEXT_BLOCK("vmladav") more                                                                  \
                     "vmov %q[a][2], %q[a][0], r0, r4\n\t"                                                             \
                     "vmov %q[a][3], %q[a][1], r2, r6"                                                                 \
                     : [a] "=&w"(a), [w] "+r"(w), [x] "+r"(x)                                                          \
                     :                                                                                                 \
                     : "q0", "q1", "q2", "q3", "q4", "q5", "r0", "r2", "r4", "r6", "memory")

/* The sums of four channels over a window at x of this many blocks. */
TINYC_ALWAYS_INLINE int32x4_t tinyc_sums_of_blocks(int32_t blocks, const int8_t *w, const int8_t *x)
{
    int32x4_t a;
    if (blocks == 1) {
        TINYC_SUMS_OF_BLOCKS("");
    } else if (blocks == 2) {
        TINYC_SUMS_OF_BLOCKS(TINYC_NEXT_BLOCK("vmladava"));
    } else if (blocks == 3) {
        TINYC_SUMS_OF_BLOCKS(TINYC_NEXT_BLOCK("vmladava") TINYC_NEXT_BLOCK("vmladava"));
    } else {
        TINYC_SUMS_OF_BLOCKS(TINYC_NEXT_BLOCK("vmladava") TINYC_NEXT_BLOCK("vmladava") TINYC_NEXT_BLOCK("vmladava"));
    }
    return a;
}

/* The same of a window at x and one at z, of one block each. */
TINYC_ALWAYS_INLINE void tinyc_sums_of_two(const int8x16_t w[TINYC_SIDE], const int8_t *x, const int8_t *z,
                                           int32x4_t *first, int32x4_t *second)
{
    register int32x4_t a __asm__("q0");
    register int32x4_t b __asm__("q1");
    __asm__ volatile(TINYC_LOAD_BLOCK("%[x]")
                     "vmladav.s8 r0, q0, %q[w0]\n\t"
                     "vmladav.s8 r2, q1, %q[w1]\n\t"
                     "vmladav.s8 r4, q2, %q[w2]\n\t"
                     "vmladav.s8 r6, q3, %q[w3]\n\t" TINYC_LOAD_BLOCK("%[z]")
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

TINYC_ALWAYS_INLINE int32x4_t tinyc_sums_of_blocks(int32_t blocks, const int8_t *w, const int8_t *x)
{
    int32_t sums[TINYC_SIDE] = {0};
    for (int32_t i = 0; i < blocks * TINYC_BLOCK; ++i) {
        const int32_t channel = i / TINYC_SIDE % TINYC_SIDE;
        const int32_t word = channel * TINYC_SIDE + i % TINYC_BLOCK / (TINYC_SIDE * TINYC_SIDE);
        sums[channel] += x[i] * w[i / TINYC_BLOCK * TINYC_BLOCK + word * TINYC_SIDE + i % TINYC_SIDE];
    }
    return vldrwq_s32(sums);
}

#endif

/* A row of results at four channels, of which those from `first` on are stored. */
TINYC_ALWAYS_INLINE void tinyc_channels_over(const tinyc_depthwise_vectors_params *p, const int8_t *x,
                                             const int32_t *packed, int32_t first, int8_t *y)
{
    const mve_pred16_t some = (mve_pred16_t)(0xFFFFU << (TINYC_SIDE * first));
    const int8_t *w = (const int8_t *)(packed + (1 + TINYC_SCALE_WORDS) * TINYC_SIDE);
    const int32_t apart = p->stride_w * (TINYC_BLOCK / tinyc_block_columns(p));
    const int32_t blocks = tinyc_block_count(p);
    int32_t n = p->out_w;
#if defined(__OPTIMIZE__)
    if (blocks == 1) { /* the weights stay in registers, which leaves none for biases and scales */
        const int8x16_t weights[TINYC_SIDE] = {vldrbq_s8(w), vldrbq_s8(w + 16), vldrbq_s8(w + 32), vldrbq_s8(w + 48)};
        for (; n > 1; n -= 2) {
            int32x4_t a;
            int32x4_t b;
            tinyc_sums_of_two(weights, x, x + apart, &a, &b);
            const int32x4_t bias = vldrwq_s32(packed);
            const tinyc_scales_x4 scales = tinyc_load_scales(packed + TINYC_SIDE);
            tinyc_store_x4(y, tinyc_results_x4(&p->stage, vaddq_s32(a, bias), scales), p->channels, some);
            y += p->channels;
            tinyc_store_x4(y, tinyc_results_x4(&p->stage, vaddq_s32(b, bias), scales), p->channels, some);
            y += p->channels;
            x += 2 * apart;
        }
    }
#endif
    const int32x4_t bias = vldrwq_s32(packed);
    const tinyc_scales_x4 scales = tinyc_load_scales(packed + TINYC_SIDE);
    for (; n > 0; --n) {
        const int32x4_t sums = vaddq_s32(tinyc_sums_of_blocks(blocks, w, x), bias);
        tinyc_store_x4(y, tinyc_results_x4(&p->stage, sums, scales), p->channels, some);
        x += apart;
        y += p->channels;
    }
}

#else

TINYC_ALWAYS_INLINE void tinyc_channels_over(const tinyc_depthwise_vectors_params *p, const int8_t *x,
                                             const int32_t *packed, int32_t first, int8_t *y)
{
    const int8_t *w = (const int8_t *)(packed + (1 + TINYC_SCALE_WORDS) * TINYC_SIDE);
    const int32_t apart = p->stride_w * (TINYC_BLOCK / tinyc_block_columns(p));
    for (int32_t pixel = 0; pixel < p->out_w; ++pixel) {
        for (int32_t channel = first; channel < TINYC_SIDE; ++channel) {
            uint32_t sum = (uint32_t)packed[channel];
            for (int32_t i = 0; i < tinyc_block_count(p) * TINYC_SIDE * TINYC_SIDE; ++i) {
                const int32_t word = i / TINYC_SIDE; /* of the channel */
                const int32_t weight = w[(word / TINYC_SIDE * TINYC_SIDE + channel) * TINYC_SIDE * TINYC_SIDE +
                                         i % (TINYC_SIDE * TINYC_SIDE)];
                const int32_t column = word * TINYC_SIDE * TINYC_SIDE / (TINYC_BLOCK / tinyc_block_columns(p));
                if (column < p->kernel_w) {
                    sum += (uint32_t)(weight * x[(word * TINYC_SIDE + channel) * TINYC_SIDE + i % TINYC_SIDE]);
                }
            }
            int32_t scale[TINYC_SCALE_WORDS];
            for (int32_t k = 0; k < TINYC_SCALE_WORDS; ++k) {
                scale[k] = packed[(1 + k) * TINYC_SIDE + channel];
            }
            y[channel] = tinyc_result(&p->stage, (int32_t)sum, scale);
        }
        x += apart;
        y += p->channels;
    }
}

#endif

TINYC_ALWAYS_INLINE void tinyc_depthwise_vectors_s8_inline(const tinyc_depthwise_vectors_params *p, const int8_t *x,
                                                           const int32_t *w, int8_t *strip, int8_t *y)
{
    const int32_t step = TINYC_SIDE * (1 + TINYC_SCALE_WORDS) + TINYC_BLOCK / 4 * tinyc_block_count(p); /* words */
    for (int32_t batch = 0; batch < p->batches; ++batch) {
        for (int32_t row = 0; row < p->out_h; ++row) {
            const int32_t *packed = w;
            for (int32_t c = 0; c < p->channels; c += TINYC_SIDE) {
                /* the last four channels overlap those before, which have zeros for weights here and are not stored */
                const int32_t first = c + TINYC_SIDE > p->channels ? c + TINYC_SIDE - p->channels : 0;
                tinyc_weave_strip(p, x + c - first, row * p->stride_h - p->pad_top, strip);
                tinyc_channels_over(p, strip, packed, first, y + c - first);
                packed += step;
            }
            y += p->out_w * p->channels;
        }
        x += p->in_h * p->in_w * p->channels;
    }
}

#endif
