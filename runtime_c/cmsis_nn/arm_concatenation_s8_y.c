/* SPDX-License-Identifier: Apache-2.0 */
#include "arm_nnfunctions.h"
#include "nn_copy.h"

void arm_concatenation_s8_y(const int8_t *input,
                            const uint16_t input_x,
                            const uint16_t input_y,
                            const uint16_t input_z,
                            const uint16_t input_w,
                            int8_t *output,
                            const uint16_t output_y,
                            const uint32_t offset_y)
{
    const int32_t runs = input_z * input_w;
    const int32_t run = input_x * input_y;
    output += offset_y * input_x;
    for (int32_t i = 0; i < runs; i++)
    {
        nn_copy(output, input, run);
        input += run;
        output += input_x * output_y;
    }
}
