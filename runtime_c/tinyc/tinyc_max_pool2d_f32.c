/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_clamp.h"
#include "tinyc_kernels.h"
#include "tinyc_taps.h"

#define BLOCK 4

/* Whichever is larger; `largest` where they do not compare. */
static inline float larger(float value, float largest)
{
    return value > largest ? value : largest;
}

/* The largest value of one channel over rows * columns pixels; a row of pixels is `row_step` floats long. */
static float max_window(int32_t channels, int32_t rows, int32_t columns, int32_t row_step, const float *x)
{
    float largest = x[0];
    for (int32_t row = 0; row < rows; ++row) {
        for (int32_t column = 0; column < columns; ++column) {
            largest = larger(x[row * row_step + column * channels], largest);
        }
    }
    return largest;
}

/* The same for BLOCK neighbouring channels. */
static void max_window_block(int32_t channels, int32_t rows, int32_t columns, int32_t row_step, const float *x,
                             float *largest)
{
    float m0 = x[0];
    float m1 = x[1];
    float m2 = x[2];
    float m3 = x[3];
    for (int32_t row = 0; row < rows; ++row) {
        for (int32_t column = 0; column < columns; ++column) {
            const float *const pixel = x + row * row_step + column * channels;
            m0 = larger(pixel[0], m0);
            m1 = larger(pixel[1], m1);
            m2 = larger(pixel[2], m2);
            m3 = larger(pixel[3], m3);
        }
    }
    largest[0] = m0;
    largest[1] = m1;
    largest[2] = m2;
    largest[3] = m3;
}

void tinyc_max_pool2d_f32(const tinyc_pool2d_params *params, const float *x, float *y)
{
    const tinyc_pool2d_params p = *params;
    const int32_t row_step = p.in_w * p.channels;
    for (int32_t n = 0; n < p.batches; ++n, x += p.in_h * row_step) {
        for (int32_t i = 0; i < p.out_h; ++i) {
            const int32_t top = i * p.stride_h - p.pad_top;
            const tinyc_taps rows = tinyc_taps_inside(top, p.kernel_h, 1, p.in_h);
            for (int32_t j = 0; j < p.out_w; ++j, y += p.channels) {
                const int32_t left = j * p.stride_w - p.pad_left;
                const tinyc_taps columns = tinyc_taps_inside(left, p.kernel_w, 1, p.in_w);
                const int32_t height = rows.end - rows.first;
                const int32_t width = columns.end - columns.first;
                const float *const from = x + (top + rows.first) * row_step + (left + columns.first) * p.channels;
                int32_t c = 0;
                for (; c + BLOCK <= p.channels; c += BLOCK) {
                    float largest[BLOCK];
                    max_window_block(p.channels, height, width, row_step, from + c, largest);
                    for (int32_t k = 0; k < BLOCK; ++k) {
                        y[c + k] = tinyc_clamped_f32(largest[k], p.low, p.high);
                    }
                }
                for (; c < p.channels; ++c) {
                    const float largest = max_window(p.channels, height, width, row_step, from + c);
                    y[c] = tinyc_clamped_f32(largest, p.low, p.high);
                }
            }
        }
    }
}
