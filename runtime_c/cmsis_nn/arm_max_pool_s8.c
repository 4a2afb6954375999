/* SPDX-License-Identifier: Apache-2.0 */
#include "arm_nnfunctions.h"
#include "nn_mve.h"
#include "nn_simd.h"
#include "nn_window.h"

/* The largest value of one channel over `rows` by `columns` pixels. */
static int32_t nn_max_window(const int8_t *x, int32_t row_stride, int32_t pixel_stride, int32_t rows, int32_t columns)
{
    int32_t largest = INT8_MIN;
    for (int32_t r = 0; r < rows; r++, x += row_stride)
    {
        for (int32_t c = 0; c < columns; c++)
        {
            largest = nn_max(largest, x[c * pixel_stride]);
        }
    }
    return largest;
}

#if defined(ARM_MATH_MVEI)

/* The same for up to sixteen neighbouring channels, those that are `valid`. */
static int8x16_t nn_max_window_x16(const int8_t *x, int32_t row_stride, int32_t pixel_stride, int32_t rows,
                                   int32_t columns, mve_pred16_t valid)
{
    int8x16_t largest = vdupq_n_s8(INT8_MIN);
    for (int32_t r = 0; r < rows; r++, x += row_stride)
    {
        const int8_t *pixel = x;
        for (int32_t c = 0; c < columns; c++, pixel += pixel_stride)
        {
            largest = vmaxq_s8(largest, vldrbq_z_s8(pixel, valid));
        }
    }
    return largest;
}

#elif defined(ARM_MATH_DSP)

/* The same for four neighbouring channels, packed. */
static uint32_t nn_max_window_x4(const int8_t *x, int32_t row_stride, int32_t pixel_stride, int32_t rows,
                                 int32_t columns)
{
    uint32_t largest = nn_load_s8x4(x);
    for (int32_t r = 0; r < rows; r++, x += row_stride)
    {
        const int8_t *pixel = x;
        for (int32_t c = 0; c < columns; c++, pixel += pixel_stride)
        {
            largest = nn_max_s8x4(largest, nn_load_s8x4(pixel));
        }
    }
    return largest;
}

#endif

arm_cmsis_nn_status arm_max_pool_s8(const cmsis_nn_context *ctx,
                                    const cmsis_nn_pool_params *pool_params,
                                    const cmsis_nn_dims *input_dims,
                                    const int8_t *input_data,
                                    const cmsis_nn_dims *filter_dims,
                                    const cmsis_nn_dims *output_dims,
                                    int8_t *output_data)
{
    (void)ctx;
    if (input_dims->n < 1)
    {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    const int32_t channels = input_dims->c;
    const int32_t row_stride = input_dims->w * channels;
    const cmsis_nn_activation range = pool_params->activation;

    for (int32_t n = 0; n < input_dims->n; n++, input_data += input_dims->h * row_stride)
    {
        for (int32_t oy = 0; oy < output_dims->h; oy++)
        {
            const int32_t y = oy * pool_params->stride.h - pool_params->padding.h;
            const nn_taps rows = nn_taps_inside(y, filter_dims->h, 1, input_dims->h);
            for (int32_t ox = 0; ox < output_dims->w; ox++, output_data += channels)
            {
                const int32_t x = ox * pool_params->stride.w - pool_params->padding.w;
                const nn_taps columns = nn_taps_inside(x, filter_dims->w, 1, input_dims->w);
                const int32_t height = rows.end - rows.first;
                const int32_t width = columns.end - columns.first;
                if (height <= 0 || width <= 0)
                {
                    return ARM_CMSIS_NN_ARG_ERROR;
                }
                const int8_t *const from = input_data + (y + rows.first) * row_stride + (x + columns.first) * channels;
                int32_t k = 0;
#if defined(ARM_MATH_MVEI)
                for (; k < channels; k += 16)
                {
                    const mve_pred16_t valid = vctp8q((uint32_t)(channels - k));
                    int8x16_t out = nn_max_window_x16(from + k, row_stride, channels, height, width, valid);
                    out = vmaxq_s8(out, vdupq_n_s8((int8_t)range.min));
                    vstrbq_p_s8(output_data + k, vminq_s8(out, vdupq_n_s8((int8_t)range.max)), valid);
                }
#elif defined(ARM_MATH_DSP)
                const uint32_t lowest = ((uint32_t)range.min & 0xFFu) * 0x01010101u;
                const uint32_t highest = ((uint32_t)range.max & 0xFFu) * 0x01010101u;
                for (; k + 4 <= channels; k += 4)
                {
                    const uint32_t largest = nn_max_window_x4(from + k, row_stride, channels, height, width);
                    nn_store_s8x4(output_data + k, nn_min_s8x4(nn_max_s8x4(largest, lowest), highest));
                }
#endif
                for (; k < channels; k++)
                {
                    const int32_t largest = nn_max_window(from + k, row_stride, channels, height, width);
                    output_data[k] = (int8_t)nn_min(nn_max(largest, range.min), range.max);
                }
            }
        }
    }
    return ARM_CMSIS_NN_SUCCESS;
}
