/* SPDX-License-Identifier: Apache-2.0 */
#include "arm_nnfunctions.h"
#include "nn_copy.h"

/* Writes `count` times `value`; returns the end. */
static int8_t *nn_fill(int8_t *to, int8_t value, int32_t count)
{
    nn_set(to, value, count);
    return to + count;
}

arm_cmsis_nn_status arm_pad_s8(const int8_t *input,
                               int8_t *output,
                               const int8_t pad_value,
                               const cmsis_nn_dims *input_size,
                               const cmsis_nn_dims *pre_pad,
                               const cmsis_nn_dims *post_pad)
{
    const int32_t channels = input_size->c;
    const int32_t pixel = pre_pad->c + channels + post_pad->c;
    const int32_t row = (pre_pad->w + input_size->w + post_pad->w) * pixel;
    const int32_t image = (pre_pad->h + input_size->h + post_pad->h) * row;
    /* Without padding between them, a row's pixels are one run. */
    const int32_t runs = pixel == channels ? 1 : input_size->w;
    const int32_t run = pixel == channels ? input_size->w * channels : channels;

    output = nn_fill(output, pad_value, pre_pad->n * image);
    for (int32_t n = 0; n < input_size->n; n++)
    {
        output = nn_fill(output, pad_value, pre_pad->h * row);
        for (int32_t y = 0; y < input_size->h; y++)
        {
            output = nn_fill(output, pad_value, pre_pad->w * pixel);
            for (int32_t i = 0; i < runs; i++, input += run)
            {
                output = nn_fill(output, pad_value, pre_pad->c);
                nn_copy(output, input, run);
                output = nn_fill(output + run, pad_value, post_pad->c);
            }
            output = nn_fill(output, pad_value, post_pad->w * pixel);
        }
        output = nn_fill(output, pad_value, post_pad->h * row);
    }
    nn_fill(output, pad_value, post_pad->n * image);
    return ARM_CMSIS_NN_SUCCESS;
}
