/* SPDX-License-Identifier: Apache-2.0 */
#include "arm_nnfunctions.h"
#include "nn_mve.h"
#include "nn_requantize.h"

arm_cmsis_nn_status arm_elementwise_mul_s8(const int8_t *input_1_vect,
                                           const int8_t *input_2_vect,
                                           const int32_t input_1_offset,
                                           const int32_t input_2_offset,
                                           int8_t *output,
                                           const int32_t out_offset,
                                           const int32_t out_mult,
                                           const int32_t out_shift,
                                           const int32_t out_activation_min,
                                           const int32_t out_activation_max,
                                           const int32_t block_size)
{
    const nn_output_stage stage = {NULL, NULL, out_offset, out_activation_min, out_activation_max};
#if defined(ARM_MATH_MVEI)
    for (int32_t i = 0; i < block_size; i += 4)
    {
        const mve_pred16_t valid = vctp32q((uint32_t)(block_size - i));
        const int32x4_t x1 = vaddq_n_s32(vldrbq_z_s32(input_1_vect + i, valid), input_1_offset);
        const int32x4_t x2 = vaddq_n_s32(vldrbq_z_s32(input_2_vect + i, valid), input_2_offset);
        const int32x4_t scaled = nn_requantize_mve(vmulq_s32(x1, x2), vdupq_n_s32(out_mult), vdupq_n_s32(out_shift));
        vstrbq_p_s32(output + i, nn_clamp_mve(&stage, scaled), valid);
    }
#else
    const nn_scale scale = nn_make_scale(out_mult, out_shift);
    for (int32_t i = 0; i < block_size; i++)
    {
        const int32_t product = (input_1_vect[i] + input_1_offset) * (input_2_vect[i] + input_2_offset);
        output[i] = nn_scaled_output(&stage, &scale, product);
    }
#endif
    return ARM_CMSIS_NN_SUCCESS;
}
