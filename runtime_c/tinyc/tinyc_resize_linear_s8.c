/* SPDX-License-Identifier: Apache-2.0 */
/* Weights of 11 bits along each axis: the sum of four products has 22 fractional bits. */
#include "tinyc_kernels.h"
#include "tinyc_place.h"

#define BITS 11
#define ONE ((int32_t)1 << BITS)

/* Ties go up, or away from zero, as TensorFlow Lite has it. */
static int8_t rounded(int32_t sum)
{
#if defined(CMSIS_NN_USE_SINGLE_ROUNDING)
    return (int8_t)((sum + ONE * ONE / 2) >> (2 * BITS));
#else
    return (int8_t)((sum + ONE * ONE / 2 - (sum < 0)) >> (2 * BITS));
#endif
}

static int32_t weight(const tinyc_resize_axis *axis, int32_t rest)
{
    return (rest * ONE + axis->unit / 2) / axis->unit;
}

void tinyc_resize_linear_s8(const tinyc_resize_params *params, const int8_t *x, int8_t *y)
{
    const tinyc_resize_axis *const rows = &params->rows;
    const tinyc_resize_axis *const columns = &params->columns;
    const int32_t channels = params->channels;
    const int32_t row = columns->cells * channels;
    for (int32_t n = 0; n < params->batches; ++n, x += rows->cells * row) {
        for (int32_t i = 0; i < rows->size; ++i) {
            const tinyc_place v = tinyc_place_of(rows, i);
            const int32_t down = weight(rows, v.rest);
            const int8_t *const upper = x + v.low * row;
            const int8_t *const lower = x + v.high * row;
            for (int32_t j = 0; j < columns->size; ++j, y += channels) {
                const tinyc_place h = tinyc_place_of(columns, j);
                const int32_t right = weight(columns, h.rest);
                const int32_t w00 = (ONE - down) * (ONE - right);
                const int32_t w01 = (ONE - down) * right;
                const int32_t w10 = down * (ONE - right);
                const int32_t w11 = down * right;
                const int32_t left_at = h.low * channels;
                const int32_t right_at = h.high * channels;
                for (int32_t k = 0; k < channels; ++k) {
                    const int32_t sum = upper[left_at + k] * w00 + upper[right_at + k] * w01 + lower[left_at + k] * w10 +
                                        lower[right_at + k] * w11;
                    y[k] = rounded(sum);
                }
            }
        }
    }
}
