/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal: convolution as a matrix product for Helium. A window is one run of bytes: x itself where the kernel is one
 * cell, or a strip of x that is turned so that each column of the kernel's rows is contiguous, with its padding. Sixteen
 * products an instruction, four filters over two windows a step; a filter ends in zeros up to a multiple of 16.
 */
#ifndef TINYC_CONV_VECTORS_S8_H
#define TINYC_CONV_VECTORS_S8_H

#include "tinyc_sum_vectors.h"

enum { TINYC_FILTERS = 4 };

/* n cells of `bytes` neighbouring bytes to places `stride` bytes apart. */
TINYC_ALWAYS_INLINE void tinyc_spread_cells(int32_t n, int32_t bytes, const int8_t *src, int8_t *dst, int32_t stride)
{
#if defined(TINYC_MVE)
    if (bytes < TINYC_LANES) { /* as many cells as a vector holds; their places, byte by byte */
        const int32_t cells = TINYC_LANES / bytes;
        const uint8x16_t byte = vidupq_n_u8(0, 1);
        const uint8x16_t cell = bytes == 1 ? byte : vmulhq_u8(byte, vdupq_n_u8((uint8_t)(256 / bytes + 1)));
        const uint8x16_t places = vmlaq_n_u8(byte, cell, (uint8_t)(stride - bytes));
        for (; n > 0; n -= cells) {
            const mve_pred16_t some = vctp8q((uint32_t)(bytes * (n < cells ? n : cells)));
            vstrbq_scatter_offset_p_s8(dst, places, vldrbq_z_s8(src, some), some);
            src += cells * bytes;
            dst += cells * stride;
        }
        return;
    }
    const int32_t whole = bytes & ~(TINYC_LANES - 1);
    const mve_pred16_t rest = vctp8q((uint32_t)(bytes - whole));
    for (; n > 0; --n) {
        for (int32_t i = 0; i < whole; i += TINYC_LANES) {
            vstrbq_s8(dst + i, vldrbq_s8(src + i));
        }
        if (whole < bytes) {
            vstrbq_p_s8(dst + whole, vldrbq_z_s8(src + whole, rest), rest);
        }
        src += bytes;
        dst += stride;
    }
#else
    for (int32_t cell = 0; cell < n; ++cell) {
        for (int32_t i = 0; i < bytes; ++i) {
            dst[cell * stride + i] = src[cell * bytes + i];
        }
    }
#endif
}

/* Columns [from, from + n) of the rows that the windows of one row of results see, `top` the first of them: the
 * kernel_h cells of a column become neighbours. */
TINYC_ALWAYS_INLINE void tinyc_turn_strip(const tinyc_conv_vectors_params *p, const int8_t *image, int32_t top,
                                          int32_t from, int32_t n, int8_t *strip)
{
    const int32_t column = p->kernel_h * p->in_c;
    const int32_t start = from >= 0 ? 0 : -from < n ? -from : n;
    const int32_t room = p->in_w - from;
    const int32_t stop = room > n ? n : room < start ? start : room;
    if (top < 0 || top + (p->kernel_h - 1) * p->dilation_h >= p->in_h) {
        tinyc_fill_vectors(n * column, p->zero, strip);
    } else {
        tinyc_fill_vectors(start * column, p->zero, strip);
        tinyc_fill_vectors((n - stop) * column, p->zero, strip + stop * column);
    }
    for (int32_t i = 0; i < p->kernel_h; ++i) {
        const int32_t row = top + i * p->dilation_h;
        if (row >= 0 && row < p->in_h) {
            tinyc_spread_cells(stop - start, p->in_c, image + (row * p->in_w + from + start) * p->in_c,
                               strip + start * column + i * p->in_c, column);
        }
    }
}

#if defined(TINYC_MVE)

#if defined(__OPTIMIZE__)

/* Sixteen products of each of four filters over two windows, or one. Loads and products take turns, as the core overlaps
 * them. The sums must lie in registers of even numbers, and take all of them: GCC, given the single instructions, moves
 * them about. */
#define TINYC_STEP_4X2(multiply)                                                                                       \
    "vldrb.8 q0, [%[w]], #16\n\t"                                                                                      \
    "vldrb.8 q1, [%[x]], #16\n\t" multiply ".s8 r0, q0, q1\n\t"                                                        \
    "vldrb.8 q2, [%[z]], #16\n\t" multiply ".s8 r8, q0, q2\n\t"                                                        \
    "vldrb.8 q3, [%[w]], #16\n\t" multiply ".s8 r2, q3, q1\n\t" multiply ".s8 r10, q3, q2\n\t"                         \
    "vldrb.8 q0, [%[w]], #16\n\t" multiply ".s8 r4, q0, q1\n\t" multiply ".s8 r12, q0, q2\n\t"                         \
    "vldrb.8 q3, [%[w]], #16\n\t" multiply ".s8 r6, q3, q1\n\t" multiply ".s8 lr, q3, q2\n\t"
#define TINYC_STEP_4X1(multiply)                                                                                       \
    "vldrb.8 q0, [%[w]], #16\n\t"                                                                                      \
    "vldrb.8 q1, [%[x]], #16\n\t" multiply ".s8 r0, q0, q1\n\t"                                                        \
    "vldrb.8 q2, [%[w]], #16\n\t" multiply ".s8 r2, q2, q1\n\t"                                                        \
    "vldrb.8 q3, [%[w]], #16\n\t" multiply ".s8 r4, q3, q1\n\t"                                                        \
    "vldrb.8 q0, [%[w]], #16\n\t" multiply ".s8 r6, q0, q1\n\t"

#define TINYC_SUMS_4X2(more, loop)                                                                                     \
    __asm__ volatile(TINYC_STEP_4X2("vmladav") more loop                                                               \
                     "vmov %q[a][2], %q[a][0], r0, r4\n\t"                                                             \
                     "vmov %q[a][3], %q[a][1], r2, r6\n\t"                                                             \
                     "vmov %q[b][2], %q[b][0], r8, r12\n\t"                                                            \
                     "vmov %q[b][3], %q[b][1], r10, lr"                                                                \
                     : [a] "=&w"(*a), [b] "=&w"(*b), [w] "+r"(w), [x] "+r"(x), [z] "+r"(z), [n] "+r"(n)                \
                     :                                                                                                 \
                     : "q0", "q1", "q2", "q3", "r0", "r2", "r4", "r6", "r8", "r10", "r12", "lr", "cc", "memory")
#define TINYC_SUMS_4X1(more, loop)                                                                                     \
    __asm__ volatile(TINYC_STEP_4X1("vmladav") more loop                                                               \
                     "vmov %q[a][2], %q[a][0], r0, r4\n\t"                                                             \
                     "vmov %q[a][3], %q[a][1], r2, r6"                                                                 \
                     : [a] "=&w"(a), [w] "+r"(w), [x] "+r"(x)                                                          \
                     : [n] "r"(n)                                                                                      \
                     : "q0", "q1", "q2", "q3", "r0", "r2", "r4", "r6", "lr", "cc", "memory")

#define TINYC_TWICE(text) text text
#define TINYC_LOOP(text) "1:\n\t" text "subs %[n], %[n], #1\n\tbne 1b\n\t"
#define TINYC_MAYBE_LOOP(text) "cmp %[n], #0\n\tble 2f\n\t" TINYC_LOOP(text) "2:\n\t"
#define TINYC_FREE_LOOP(text) "wls lr, %[n], 2f\n1:\n\t" text "le lr, 1b\n2:\n\t"

/* The sums of four filters over a window at x and one at z. */
TINYC_ALWAYS_INLINE void tinyc_sums_4x2(int32_t steps, const int8_t *w, const int8_t *x, const int8_t *z, int32x4_t *a,
                                        int32x4_t *b)
{
    register int32_t n __asm__("r11") = steps - 1; /* where a frame pointer is kept, GCC does not find it by itself */
    if (!__builtin_constant_p(steps)) {
        TINYC_SUMS_4X2("", TINYC_MAYBE_LOOP(TINYC_STEP_4X2("vmladava")));
        return;
    }
    const int32_t more = n % 4;
    n /= 4;
    if (more == 0 && n == 0) {
        TINYC_SUMS_4X2("", "");
    } else if (more == 1 && n == 0) {
        TINYC_SUMS_4X2(TINYC_STEP_4X2("vmladava"), "");
    } else if (more == 2 && n == 0) {
        TINYC_SUMS_4X2(TINYC_TWICE(TINYC_STEP_4X2("vmladava")), "");
    } else if (more == 3 && n == 0) {
        TINYC_SUMS_4X2(TINYC_TWICE(TINYC_STEP_4X2("vmladava")) TINYC_STEP_4X2("vmladava"), "");
    } else if (more == 0) {
        TINYC_SUMS_4X2("", TINYC_LOOP(TINYC_TWICE(TINYC_TWICE(TINYC_STEP_4X2("vmladava")))));
    } else if (more == 1) {
        TINYC_SUMS_4X2(TINYC_STEP_4X2("vmladava"), TINYC_LOOP(TINYC_TWICE(TINYC_TWICE(TINYC_STEP_4X2("vmladava")))));
    } else if (more == 2) {
        TINYC_SUMS_4X2(TINYC_TWICE(TINYC_STEP_4X2("vmladava")),
                       TINYC_LOOP(TINYC_TWICE(TINYC_TWICE(TINYC_STEP_4X2("vmladava")))));
    } else {
        TINYC_SUMS_4X2(TINYC_TWICE(TINYC_STEP_4X2("vmladava")) TINYC_STEP_4X2("vmladava"),
                       TINYC_LOOP(TINYC_TWICE(TINYC_TWICE(TINYC_STEP_4X2("vmladava")))));
    }
}

/* The sums of four filters over one window. */
TINYC_ALWAYS_INLINE int32x4_t tinyc_sums_4x1(int32_t steps, const int8_t *w, const int8_t *x)
{
    int32x4_t a;
    int32_t n = steps - 1;
    if (!__builtin_constant_p(steps)) {
        TINYC_SUMS_4X1("", TINYC_FREE_LOOP(TINYC_STEP_4X1("vmladava")));
    } else if (n < 2) {
        if (n == 0) {
            TINYC_SUMS_4X1("", "");
        } else {
            TINYC_SUMS_4X1(TINYC_STEP_4X1("vmladava"), "");
        }
    } else if (n % 2 == 0) {
        n /= 2;
        TINYC_SUMS_4X1("", TINYC_FREE_LOOP(TINYC_TWICE(TINYC_STEP_4X1("vmladava"))));
    } else {
        n /= 2;
        TINYC_SUMS_4X1(TINYC_STEP_4X1("vmladava"), TINYC_FREE_LOOP(TINYC_TWICE(TINYC_STEP_4X1("vmladava"))));
    }
    return a;
}

/* The sums of four filters of one step over a window at x and one at z. */
TINYC_ALWAYS_INLINE void tinyc_sums_of_step(const int8x16_t w[TINYC_FILTERS], const int8_t *x, const int8_t *z,
                                            int32x4_t *first, int32x4_t *second)
{
    register int32x4_t a __asm__("q0");
    register int32x4_t b __asm__("q1");
    __asm__ volatile("vldrb.8 q0, [%[x]]\n\t"
                     "vmladav.s8 r0, q0, %q[w0]\n\t"
                     "vldrb.8 q1, [%[z]]\n\t"
                     "vmladav.s8 r2, q0, %q[w1]\n\t"
                     "vmladav.s8 r4, q0, %q[w2]\n\t"
                     "vmladav.s8 r6, q0, %q[w3]\n\t"
                     "vmladav.s8 r8, q1, %q[w0]\n\t"
                     "vmladav.s8 r10, q1, %q[w1]\n\t"
                     "vmladav.s8 r12, q1, %q[w2]\n\t"
                     "vmladav.s8 lr, q1, %q[w3]\n\t"
                     "vmov q0[2], q0[0], r0, r4\n\t"
                     "vmov q0[3], q0[1], r2, r6\n\t"
                     "vmov q1[2], q1[0], r8, r12\n\t"
                     "vmov q1[3], q1[1], r10, lr"
                     : "=&w"(a), "=&w"(b)
                     : [x] "r"(x), [z] "r"(z), [w0] "w"(w[0]), [w1] "w"(w[1]), [w2] "w"(w[2]), [w3] "w"(w[3])
                     : "r0", "r2", "r4", "r6", "r8", "r10", "r12", "lr", "memory");
    *first = a;
    *second = b;
}

#else

TINYC_ALWAYS_INLINE int32x4_t tinyc_sums_4x1(int32_t steps, const int8_t *w, const int8_t *x)
{
    int32_t sums[TINYC_FILTERS] = {0};
    for (int32_t i = 0; i < steps * TINYC_FILTERS; ++i) {
        const int8x16_t cells = vldrbq_s8(x + i / TINYC_FILTERS * TINYC_LANES);
        sums[i % TINYC_FILTERS] = vmladavaq_s8(sums[i % TINYC_FILTERS], vldrbq_s8(w + i * TINYC_LANES), cells);
    }
    return vldrwq_s32(sums);
}

TINYC_ALWAYS_INLINE void tinyc_sums_4x2(int32_t steps, const int8_t *w, const int8_t *x, const int8_t *z,
                                        int32x4_t *a, int32x4_t *b)
{
    *a = tinyc_sums_4x1(steps, w, x);
    *b = tinyc_sums_4x1(steps, w, z);
}

#endif

/* The results of four sums; if there is a `sum`, of that with `other`. */
TINYC_ALWAYS_INLINE void tinyc_filters_results(const tinyc_conv_vectors_params *p, const tinyc_sum_stage *sum,
                                               int32x4_t sums, tinyc_scales_x4 scales, const int8_t *other,
                                               mve_pred16_t some, int8_t *y)
{
    int32x4_t results = tinyc_results_x4(&p->stage, sums, scales);
    if (sum != NULL) {
        results = tinyc_summed_x4(sum, results, other, p->out_c, some);
    }
    tinyc_store_x4(y, results, p->out_c, some);
}

/* Up to four filters over n windows of `steps` times 16 bytes, `apart` bytes from one to the next. */
TINYC_ALWAYS_INLINE void tinyc_filters_over(const tinyc_conv_vectors_params *p, const tinyc_sum_stage *sum, int32_t steps,
                                            int32_t n, int32_t apart, const int8_t *x, const int32_t *packed,
                                            int32_t filters, const int8_t *other, int8_t *y)
{
    const int32x4_t bias = vldrwq_s32(packed);
    const tinyc_scales_x4 scales = tinyc_load_scales(packed + TINYC_FILTERS);
    const int8_t *w = (const int8_t *)(packed + (1 + TINYC_SCALE_WORDS) * TINYC_FILTERS);
    const mve_pred16_t some = vctp32q((uint32_t)filters);
#if defined(__OPTIMIZE__)
    const int8x16_t step[TINYC_FILTERS] = {vldrbq_s8(w), vldrbq_s8(w + 16), vldrbq_s8(w + 32), vldrbq_s8(w + 48)};
#endif
    for (; n > 1; n -= 2) {
        int32x4_t a;
        int32x4_t b;
#if defined(__OPTIMIZE__)
        if (__builtin_constant_p(steps) && steps == 1) { /* the weights stay in registers */
            tinyc_sums_of_step(step, x, x + apart, &a, &b);
        } else
#endif
        {
            tinyc_sums_4x2(steps, w, x, x + apart, &a, &b);
        }
        tinyc_filters_results(p, sum, vaddq_s32(a, bias), scales, other, some, y);
        tinyc_filters_results(p, sum, vaddq_s32(b, bias), scales, other + p->out_c, some, y + p->out_c);
        x += 2 * apart;
        other += 2 * p->out_c;
        y += 2 * p->out_c;
    }
    if (n > 0) {
        const int32x4_t sums = vaddq_s32(tinyc_sums_4x1(steps, w, x), bias);
        tinyc_filters_results(p, sum, sums, scales, other, some, y);
    }
}

#else

TINYC_ALWAYS_INLINE void tinyc_filters_over(const tinyc_conv_vectors_params *p, const tinyc_sum_stage *sum, int32_t steps,
                                            int32_t n, int32_t apart, const int8_t *x, const int32_t *packed,
                                            int32_t filters, const int8_t *other, int8_t *y)
{
    const int32_t *scales = packed + TINYC_FILTERS;
    const int8_t *w = (const int8_t *)(packed + (1 + TINYC_SCALE_WORDS) * TINYC_FILTERS);
    const int32_t cells = p->kernel_h * p->kernel_w * p->in_c;
    (void)steps;
    for (; n > 0; n -= 2) { /* like the vectors, both windows are read before a result is written */
        int8_t results[2 * TINYC_FILTERS];
        const int32_t count = n > 1 ? 2 * filters : filters;
        for (int32_t i = 0; i < count; ++i) {
            const int32_t f = i % filters;
            const int8_t *window = x + i / filters * apart;
            uint32_t products = (uint32_t)packed[f];
            for (int32_t k = 0; k < cells; ++k) {
                products += (uint32_t)(w[(k / TINYC_LANES * TINYC_FILTERS + f) * TINYC_LANES + k % TINYC_LANES] * window[k]);
            }
            int32_t scale[TINYC_SCALE_WORDS];
            for (int32_t k = 0; k < TINYC_SCALE_WORDS; ++k) {
                scale[k] = scales[k * TINYC_FILTERS + f];
            }
            results[i] = tinyc_result(&p->stage, (int32_t)products, scale);
        }
        for (int32_t i = 0; i < count; ++i) {
            const int32_t at = i / filters * p->out_c + i % filters;
            y[at] = sum != NULL ? tinyc_summed(sum, results[i], other[at]) : results[i];
        }
        x += 2 * apart;
        other += 2 * p->out_c;
        y += 2 * p->out_c;
    }
}

#endif

/* `sum`, if not NULL, is made of results and `other`. */
TINYC_ALWAYS_INLINE void tinyc_conv_vectors(const tinyc_conv_vectors_params *p, const tinyc_sum_stage *sum,
                                            const int8_t *x, const int32_t *w, const int8_t *other, int8_t *strip,
                                            int8_t *y)
{
    const int32_t column = p->kernel_h * p->in_c;
    const int32_t steps = (p->kernel_w * column + TINYC_LANES - 1) / TINYC_LANES;
    const int32_t block = TINYC_FILTERS * (1 + TINYC_SCALE_WORDS + steps * TINYC_LANES / 4); /* words of four filters */
    const int32_t image = p->in_h * p->in_w * p->in_c;
    const int8_t *end = x + p->batches * image;
    for (int32_t batch = 0; batch < p->batches; ++batch) {
        for (int32_t row = 0; row < p->out_h; ++row) {
            const int32_t top = row * p->stride_h - p->pad_top;
            for (int32_t done = 0; done < p->out_w; done += p->strip) {
                const int32_t n = p->out_w - done < p->strip ? p->out_w - done : p->strip;
                const int32_t from = done * p->stride_w - p->pad_left;
                const int32_t last = (n - 1) * p->stride_w;
                const int8_t *windows = x + (top * p->in_w + from) * p->in_c;
                if (!p->direct || end - windows < last * column + steps * TINYC_LANES) {
                    tinyc_turn_strip(p, x, top, from, last + p->kernel_w, strip);
                    windows = strip;
                }
                const int32_t *packed = w;
                for (int32_t f = 0; f < p->out_c; f += TINYC_FILTERS) {
                    const int32_t filters = p->out_c - f < TINYC_FILTERS ? p->out_c - f : TINYC_FILTERS;
                    tinyc_filters_over(p, sum, steps, n, p->stride_w * column, windows, packed, filters, other + f, y + f);
                    packed += block;
                }
                other += n * p->out_c;
                y += n * p->out_c;
            }
        }
        x += image;
    }
}

TINYC_ALWAYS_INLINE void tinyc_conv_vectors_s8_inline(const tinyc_conv_vectors_params *p, const int8_t *x,
                                                      const int32_t *w, int8_t *strip, int8_t *y)
{
    tinyc_conv_vectors(p, NULL, x, w, y, strip, y); /* no other */
}

#endif
