/* SPDX-License-Identifier: Apache-2.0 */
#include "arm_nnfunctions.h"
#include "nn_requantize.h"
#include "nn_simd.h"
#include "nn_window.h"

/* sum / count to nearest, ties away from zero, clamped. */
NN_INLINE int8_t nn_mean(int32_t sum, int32_t count, const cmsis_nn_activation *range)
{
    const int32_t half = count / 2;
    const int32_t mean = (sum > 0 ? sum + half : sum - half) / count;
    return (int8_t)nn_min(nn_max(mean, range->min), range->max);
}

/* The sum of one channel over `rows` by `columns` pixels. */
static int32_t nn_sum_window(const int8_t *x, int32_t row_stride, int32_t pixel_stride, int32_t rows, int32_t columns)
{
    int32_t sum = 0;
    for (int32_t r = 0; r < rows; r++, x += row_stride)
    {
        for (int32_t c = 0; c < columns; c++)
        {
            sum += x[c * pixel_stride];
        }
    }
    return sum;
}

#if defined(ARM_MATH_DSP)

/* The same for four neighbouring channels. */
static void nn_sum_window_x4(const int8_t *x, int32_t row_stride, int32_t pixel_stride, int32_t rows, int32_t columns,
                             int32_t sum[4])
{
    sum[0] = sum[1] = sum[2] = sum[3] = 0;
    for (int32_t r = 0; r < rows; r++, x += row_stride)
    {
        const int8_t *pixel = x;
        for (int32_t left = columns; left > 0;)
        {
            /* 256 int8 fit the int16 lanes. */
            uint32_t even = 0;
            uint32_t odd = 0;
            const int32_t count = nn_min(left, 256);
            for (int32_t c = 0; c < count; c++, pixel += pixel_stride)
            {
                const uint32_t a = nn_load_s8x4(pixel);
                even = nn_add_even(even, a);
                odd = nn_add_odd(odd, a);
            }
            sum[0] += (int16_t)even;
            sum[1] += (int16_t)odd;
            sum[2] += (int32_t)even >> 16;
            sum[3] += (int32_t)odd >> 16;
            left -= count;
        }
    }
}

#endif

arm_cmsis_nn_status arm_avgpool_s8(const cmsis_nn_context *ctx,
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
#if defined(ARM_MATH_DSP)
                for (; k + 4 <= channels; k += 4)
                {
                    int32_t sum[4];
                    nn_sum_window_x4(from + k, row_stride, channels, height, width, sum);
                    for (int32_t i = 0; i < 4; i++)
                    {
                        output_data[k + i] = nn_mean(sum[i], height * width, &range);
                    }
                }
#endif
                for (; k < channels; k++)
                {
                    const int32_t sum = nn_sum_window(from + k, row_stride, channels, height, width);
                    output_data[k] = nn_mean(sum, height * width, &range);
                }
            }
        }
    }
    return ARM_CMSIS_NN_SUCCESS;
}
