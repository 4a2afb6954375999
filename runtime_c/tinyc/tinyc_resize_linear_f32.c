/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_kernels.h"
#include "tinyc_place.h"

void tinyc_resize_linear_f32(const tinyc_resize_params *params, const float *x, float *y)
{
    const tinyc_resize_axis *const rows = &params->rows;
    const tinyc_resize_axis *const columns = &params->columns;
    const int32_t channels = params->channels;
    const int32_t row = columns->cells * channels;
    for (int32_t n = 0; n < params->batches; ++n, x += rows->cells * row) {
        for (int32_t i = 0; i < rows->size; ++i) {
            const tinyc_place v = tinyc_place_of(rows, i);
            const float down = (float)v.rest / (float)rows->unit;
            const float *const upper = x + v.low * row;
            const float *const lower = x + v.high * row;
            for (int32_t j = 0; j < columns->size; ++j, y += channels) {
                const tinyc_place h = tinyc_place_of(columns, j);
                const float right = (float)h.rest / (float)columns->unit;
                const int32_t left_at = h.low * channels;
                const int32_t right_at = h.high * channels;
                for (int32_t k = 0; k < channels; ++k) {
                    const float above = upper[left_at + k] * (1.0F - right) + upper[right_at + k] * right;
                    const float below = lower[left_at + k] * (1.0F - right) + lower[right_at + k] * right;
                    y[k] = above * (1.0F - down) + below * down;
                }
            }
        }
    }
}
