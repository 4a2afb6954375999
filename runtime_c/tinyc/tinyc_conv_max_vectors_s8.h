/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal: tinyc_conv_max_vectors_s8, for a caller that knows the parameters when it is compiled. The rows of the
 * convolution that a row of windows sees are a strip each, turned as tinyc_conv_vectors_s8.h says; four filters go over
 * the cells of a window, two at a time.
 */
#ifndef TINYC_CONV_MAX_VECTORS_S8_H
#define TINYC_CONV_MAX_VECTORS_S8_H

#include "tinyc_conv_max.h"
#include "tinyc_conv_vectors_s8.h"

/* Of a row of windows, of whose strips each has `pixels` pixels: the bytes that the convolution sees for a cell. */
TINYC_ALWAYS_INLINE const int8_t *tinyc_max_bytes_at(const tinyc_conv_max_vectors_params *params, const int8_t *strips,
                                                     int32_t pixels, int32_t window, int32_t cell)
{
    const tinyc_conv_vectors_params *const p = &params->conv;
    const tinyc_max_windows *const m = &params->windows;
    const int32_t pixel = window * m->kernel_w + cell % m->kernel_w;
    const int32_t inside = m->out_w * m->kernel_w <= p->out_w ? pixel : tinyc_smaller(pixel, pixels - 1);
    return strips + cell / m->kernel_w * params->strip_bytes + inside * p->stride_w * p->kernel_h * p->in_c;
}

#if defined(TINYC_MVE)

/* Up to four filters over n windows. */
TINYC_ALWAYS_INLINE void tinyc_max_of_filters(const tinyc_conv_max_vectors_params *params, int32_t n, int32_t pixels,
                                              const int8_t *strips, const int32_t *packed, int32_t filters, int8_t *y)
{
    const tinyc_conv_vectors_params *const p = &params->conv;
    const int32_t steps = (p->kernel_h * p->kernel_w * p->in_c + TINYC_LANES - 1) / TINYC_LANES;
    const int32_t cells = params->windows.kernel_h * params->windows.kernel_w;
    const int32x4_t bias = vldrwq_s32(packed);
    const tinyc_scales_x4 scales = tinyc_load_scales(packed + TINYC_FILTERS);
    const int8_t *const w = (const int8_t *)(packed + (1 + TINYC_SCALE_WORDS) * TINYC_FILTERS);
    const mve_pred16_t some = vctp32q((uint32_t)filters);
#if defined(__OPTIMIZE__)
    const int8x16_t step[TINYC_FILTERS] = {vldrbq_s8(w), vldrbq_s8(w + 16), vldrbq_s8(w + 32), vldrbq_s8(w + 48)};
#endif
    for (int32_t window = 0; window < n; ++window, y += p->out_c) {
        int32x4_t most = vdupq_n_s32(INT32_MIN);
#pragma GCC unroll 5
        for (int32_t cell = 0; cell < cells; cell += 2) {
            const int8_t *const x = tinyc_max_bytes_at(params, strips, pixels, window, cell);
            if (cell + 1 == cells) {
                most = vmaxq_s32(most, tinyc_sums_4x1(steps, w, x));
            } else {
                const int8_t *const z = tinyc_max_bytes_at(params, strips, pixels, window, cell + 1);
                int32x4_t a;
                int32x4_t b;
#if defined(__OPTIMIZE__)
                if (__builtin_constant_p(steps) && steps == 1) { /* the weights stay in registers */
                    tinyc_sums_of_step(step, x, z, &a, &b);
                } else
#endif
                {
                    tinyc_sums_4x2(steps, w, x, z, &a, &b);
                }
                most = cell == 0 ? vmaxq_s32(a, b) : vmaxq_s32(most, vmaxq_s32(a, b));
            }
        }
        tinyc_store_x4(y, tinyc_results_x4(&p->stage, vaddq_s32(most, bias), scales), p->out_c, some);
    }
}

#else

TINYC_ALWAYS_INLINE void tinyc_max_of_filters(const tinyc_conv_max_vectors_params *params, int32_t n, int32_t pixels,
                                              const int8_t *strips, const int32_t *packed, int32_t filters, int8_t *y)
{
    const tinyc_conv_vectors_params *const p = &params->conv;
    const int32_t cells = params->windows.kernel_h * params->windows.kernel_w;
    const int8_t *const w = (const int8_t *)(packed + (1 + TINYC_SCALE_WORDS) * TINYC_FILTERS);
    for (int32_t window = 0; window < n; ++window, y += p->out_c) {
        for (int32_t f = 0; f < filters; ++f) {
            int32_t most = 0;
            for (int32_t cell = 0; cell < cells; ++cell) {
                const int8_t *const x = tinyc_max_bytes_at(params, strips, pixels, window, cell);
                uint32_t sum = (uint32_t)packed[f];
                for (int32_t k = 0; k < p->kernel_h * p->kernel_w * p->in_c; ++k) {
                    sum += (uint32_t)(w[(k / TINYC_LANES * TINYC_FILTERS + f) * TINYC_LANES + k % TINYC_LANES] * x[k]);
                }
                most = cell == 0 ? (int32_t)sum : tinyc_larger(most, (int32_t)sum);
            }
            int32_t scale[TINYC_SCALE_WORDS];
            for (int32_t k = 0; k < TINYC_SCALE_WORDS; ++k) {
                scale[k] = packed[(1 + k) * TINYC_FILTERS + f];
            }
            y[f] = tinyc_result(&p->stage, most, scale);
        }
    }
}

#endif

TINYC_ALWAYS_INLINE void tinyc_conv_max_vectors_s8_inline(const tinyc_conv_max_vectors_params *params, const int8_t *x,
                                                          const int32_t *w, int8_t *strips, int8_t *y)
{
    const tinyc_conv_vectors_params *const p = &params->conv;
    const tinyc_max_windows *const m = &params->windows;
    const int32_t steps = (p->kernel_h * p->kernel_w * p->in_c + TINYC_LANES - 1) / TINYC_LANES;
    const int32_t block = TINYC_FILTERS * (1 + TINYC_SCALE_WORDS + steps * TINYC_LANES / 4); /* words of four filters */
    const int32_t across = m->out_w * m->kernel_w, together = p->strip / m->kernel_w;
    for (int32_t batch = 0; batch < p->batches; ++batch) {
        for (int32_t row = 0; row < m->out_h; ++row) {
            for (int32_t done = 0; done < m->out_w; done += together) {
                const int32_t n = tinyc_smaller(m->out_w - done, together);
                const int32_t first = done * m->kernel_w;
                const int32_t pixels = tinyc_smaller(across < p->out_w ? across : p->out_w, first + p->strip) - first;
                for (int32_t i = 0; i < m->kernel_h; ++i) {
                    const int32_t out_row = tinyc_max_cell(row * m->kernel_h + i, p->out_h, m->kernel_h, m->out_h);
                    tinyc_turn_strip(p, x, out_row * p->stride_h - p->pad_top, first * p->stride_w - p->pad_left,
                                     (pixels - 1) * p->stride_w + p->kernel_w, strips + i * params->strip_bytes);
                }
                const int32_t *packed = w;
                for (int32_t f = 0; f < p->out_c; f += TINYC_FILTERS, packed += block) {
                    const int32_t filters = tinyc_smaller(p->out_c - f, TINYC_FILTERS);
                    tinyc_max_of_filters(params, n, pixels, strips, packed, filters, y + f);
                }
                y += n * p->out_c;
            }
        }
        x += p->in_h * p->in_w * p->in_c;
    }
}

#endif
