/* SPDX-License-Identifier: Apache-2.0 */
#include "arm_nnfunctions.h"
#include "nn_copy.h"

void arm_concatenation_s8_x(const int8_t *input,
                            const uint16_t input_x,
                            const uint16_t input_y,
                            const uint16_t input_z,
                            const uint16_t input_w,
                            int8_t *output,
                            const uint16_t output_x,
                            const uint32_t offset_x)
{
    const int32_t runs = input_y * input_z * input_w;
    output += offset_x;
    for (int32_t i = 0; i < runs; i++)
    {
        nn_copy(output, input, input_x);
        input += input_x;
        output += output_x;
    }
}
