/* SPDX-License-Identifier: Apache-2.0 */
#include "arm_nnfunctions.h"
#include "nn_mve.h"
#include "nn_requantize.h"

arm_cmsis_nn_status arm_elementwise_add_s8(const int8_t *input_1_vect,
                                           const int8_t *input_2_vect,
                                           const int32_t input_1_offset,
                                           const int32_t input_1_mult,
                                           const int32_t input_1_shift,
                                           const int32_t input_2_offset,
                                           const int32_t input_2_mult,
                                           const int32_t input_2_shift,
                                           const int32_t left_shift,
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
        const int32x4_t x1 = vshlq_r_s32(vaddq_n_s32(vldrbq_z_s32(input_1_vect + i, valid), input_1_offset), left_shift);
        const int32x4_t x2 = vshlq_r_s32(vaddq_n_s32(vldrbq_z_s32(input_2_vect + i, valid), input_2_offset), left_shift);
        const int32x4_t a = nn_requantize_mve(x1, vdupq_n_s32(input_1_mult), vdupq_n_s32(input_1_shift));
        const int32x4_t b = nn_requantize_mve(x2, vdupq_n_s32(input_2_mult), vdupq_n_s32(input_2_shift));
        const int32x4_t sum = nn_requantize_mve(vaddq_s32(a, b), vdupq_n_s32(out_mult), vdupq_n_s32(out_shift));
        vstrbq_p_s32(output + i, nn_clamp_mve(&stage, sum), valid);
    }
#else
    int32_t extra = 0;
#if defined(CMSIS_NN_USE_SINGLE_ROUNDING)
    /* The inputs leave room for a longer shift; the product's high half then decides alone (see nn_make_scale). */
    if (left_shift <= 21 && nn_max(input_1_shift, input_2_shift) <= 0 && nn_min(input_1_shift, input_2_shift) >= -29)
    {
        extra = 2;
    }
#endif
    const int32_t unit = 1 << (left_shift + extra);
    const nn_scale scale_1 = nn_make_scale(input_1_mult, input_1_shift - extra);
    const nn_scale scale_2 = nn_make_scale(input_2_mult, input_2_shift - extra);
    const nn_scale scale_out = nn_make_scale(out_mult, out_shift);
    for (int32_t i = 0; i < block_size; i++)
    {
        const int32_t a = nn_apply_scale(&scale_1, (input_1_vect[i] + input_1_offset) * unit);
        const int32_t b = nn_apply_scale(&scale_2, (input_2_vect[i] + input_2_offset) * unit);
        output[i] = nn_scaled_output(&stage, &scale_out, a + b);
    }
#endif
    return ARM_CMSIS_NN_SUCCESS;
}
