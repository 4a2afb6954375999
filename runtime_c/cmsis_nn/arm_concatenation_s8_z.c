/* SPDX-License-Identifier: Apache-2.0 */
#include "arm_nnfunctions.h"

#include <stddef.h>
#include <string.h>

void arm_concatenation_s8_z(const int8_t *input,
                            const uint16_t input_x,
                            const uint16_t input_y,
                            const uint16_t input_z,
                            const uint16_t input_w,
                            int8_t *output,
                            const uint16_t output_z,
                            const uint32_t offset_z)
{
    const size_t cell = (size_t)input_x * input_y;
    const size_t runs = (size_t)input_w;
    const size_t run = (size_t)input_z * cell;
    output += offset_z * cell;
    for (size_t i = 0; i < runs; i++)
    {
        memcpy(output, input, run);
        input += run;
        output += (size_t)output_z * cell;
    }
}
