/* SPDX-License-Identifier: Apache-2.0 */
#include "arm_nnfunctions.h"
#include "nn_copy.h"

void arm_concatenation_s8_z(const int8_t *input,
                            const uint16_t input_x,
                            const uint16_t input_y,
                            const uint16_t input_z,
                            const uint16_t input_w,
                            int8_t *output,
                            const uint16_t output_z,
                            const uint32_t offset_z)
{
    const int32_t cell = input_x * input_y;
    const int32_t run = cell * input_z;
    output += offset_z * (uint32_t)cell;
    for (int32_t i = 0; i < input_w; i++)
    {
        nn_copy(output, input, run);
        input += run;
        output += cell * output_z;
    }
}
