/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_clamp.h"
#include "tinyc_kernels.h"
#include "tinyc_taps.h"

#define BLOCK 4

/* The sum of one channel over rows * columns pixels; a row of pixels is `row_step` floats long. */
static float sum_window(int32_t channels, int32_t rows, int32_t columns, int32_t row_step, const float *x)
{
    float sum = 0.0f;
    for (int32_t row = 0; row < rows; ++row) {
        for (int32_t column = 0; column < columns; ++column) {
            sum += x[row * row_step + column * channels];
        }
    }
    return sum;
}

/* The same for BLOCK neighbouring channels. */
static void sum_window_block(int32_t channels, int32_t rows, int32_t columns, int32_t row_step, const float *x,
                             float *sums)
{
    float s0 = 0.0f;
    float s1 = 0.0f;
    float s2 = 0.0f;
    float s3 = 0.0f;
    for (int32_t row = 0; row < rows; ++row) {
        for (int32_t column = 0; column < columns; ++column) {
            const float *const pixel = x + row * row_step + column * channels;
            s0 += pixel[0];
            s1 += pixel[1];
            s2 += pixel[2];
            s3 += pixel[3];
        }
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
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
                const float *const from = x + (top + rows.first) * row_step + (left + columns.first) * p.channels;
                const float factor = 1.0f / (float)(height * width);
                int32_t c = 0;
                for (; c + BLOCK <= p.channels; c += BLOCK) {
                    float sums[BLOCK];
                    sum_window_block(p.channels, height, width, row_step, from + c, sums);
                    for (int32_t k = 0; k < BLOCK; ++k) {
                        y[c + k] = tinyc_clamped_f32(sums[k] * factor, p.low, p.high);
                    }
                }
                for (; c < p.channels; ++c) {
                    const float sum = sum_window(p.channels, height, width, row_step, from + c);
                    y[c] = tinyc_clamped_f32(sum * factor, p.low, p.high);
                }
            }
        }
    }
}
