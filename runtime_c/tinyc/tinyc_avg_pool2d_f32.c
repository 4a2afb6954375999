/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_clamp.h"
#include "tinyc_kernels.h"
#include "tinyc_taps.h"

/* The sums of the channels over rows * columns pixels; a row of pixels is `row_step` floats long. */
static void sum_window(int32_t channels, int32_t rows, int32_t columns, int32_t row_step, const float *x, float *y)
{
    for (int32_t c = 0; c < channels; ++c) {
        y[c] = 0.0f;
    }
    for (int32_t row = 0; row < rows; ++row) {
        for (int32_t column = 0; column < columns; ++column) {
            const float *const pixel = x + row * row_step + column * channels;
            for (int32_t c = 0; c < channels; ++c) {
                y[c] += pixel[c];
            }
        }
    }
}

void tinyc_avg_pool2d_f32(const tinyc_pool2d_params *params, const float *x, float *y)
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
                sum_window(p.channels, height, width, row_step,
                           x + (top + rows.first) * row_step + (left + columns.first) * p.channels, y);
                const float factor = 1.0f / (float)(height * width);
                for (int32_t c = 0; c < p.channels; ++c) {
                    y[c] = tinyc_clamped_f32(y[c] * factor, p.low, p.high);
                }
            }
        }
    }
}
