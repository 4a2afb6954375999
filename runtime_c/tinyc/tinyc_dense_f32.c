/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_clamp.h"
#include "tinyc_dot.h"
#include "tinyc_kernels.h"

void tinyc_dense_f32(int32_t rows, int32_t depth, int32_t out, float low, float high, const float *x, const float *w,
                     const float *b, float *y)
{
    for (int32_t row = 0; row < rows; ++row, x += depth, y += out) {
        int32_t o = 0;
        for (; o + TINYC_BLOCK <= out; o += TINYC_BLOCK) {
            float sums[TINYC_BLOCK] = {b[o], b[o + 1], b[o + 2], b[o + 3]};
            tinyc_dot_block_f32(depth, x, w + o * depth, depth, sums);
            for (int32_t k = 0; k < TINYC_BLOCK; ++k) {
                y[o + k] = tinyc_clamped_f32(sums[k], low, high);
            }
        }
        for (; o < out; ++o) {
            y[o] = tinyc_clamped_f32(tinyc_dot_f32(depth, x, w + o * depth, b[o]), low, high);
        }
    }
}
