/* SPDX-License-Identifier: Apache-2.0 */
/* One output pixel of a depthwise convolution, eight channels at a time with MVE. */
#ifndef NN_DEPTHWISE_MVE_H
#define NN_DEPTHWISE_MVE_H

#include "nn_depthwise.h"
#include "nn_mve.h"

#if defined(ARM_MATH_MVEI)

/* Every channel has its own input; `x` and `w` are the first tap inside the input. */
static inline void nn_depthwise_pixel_mve(const nn_depthwise_layer *layer, const nn_taps_walk *walk, const int8_t *x,
                                          const int8_t *w, int8_t *y)
{
    /* Products of even and of odd channels come in vectors of their own. */
    const uint32x4_t even = vidupq_n_u32(0, 2);
    const uint32x4_t odd = vaddq_n_u32(even, 1);
    for (int32_t k = 0; k < layer->channels; k += 8)
    {
        const int32_t left = layer->channels - k;
        const mve_pred16_t valid = vctp16q((uint32_t)left);
        const mve_pred16_t valid_even = vctp32q((uint32_t)((left + 1) / 2));
        const mve_pred16_t valid_odd = vctp32q((uint32_t)(left / 2));
        int32x4_t acc_even = vdupq_n_s32(0);
        int32x4_t acc_odd = vdupq_n_s32(0);
        if (layer->bias != NULL)
        {
            acc_even = vldrwq_gather_shifted_offset_z_s32(layer->bias + k, even, valid_even);
            acc_odd = vldrwq_gather_shifted_offset_z_s32(layer->bias + k, odd, valid_odd);
        }
        const int8_t *x_row = x + k;
        const int8_t *w_row = w + k;
        for (int32_t r = walk->height; r > 0; r--, x_row += walk->x_row, w_row += walk->w_row)
        {
            const int8_t *a = x_row;
            const int8_t *b = w_row;
            for (int32_t c = walk->width; c > 0; c--, a += walk->x_tap, b += walk->w_tap)
            {
                const int16x8_t inputs = vaddq_n_s16(vldrbq_z_s16(a, valid), (int16_t)walk->offset);
                const int16x8_t weights = vldrbq_z_s16(b, valid);
                acc_even = vaddq_s32(acc_even, vmullbq_int_s16(inputs, weights));
                acc_odd = vaddq_s32(acc_odd, vmulltq_int_s16(inputs, weights));
            }
        }
        const int32_t *const multiplier = layer->stage.multiplier + k;
        const int32_t *const shift = layer->stage.shift + k;
        acc_even = nn_requantize_mve(acc_even, vldrwq_gather_shifted_offset_z_s32(multiplier, even, valid_even),
                                     vldrwq_gather_shifted_offset_z_s32(shift, even, valid_even));
        acc_odd = nn_requantize_mve(acc_odd, vldrwq_gather_shifted_offset_z_s32(multiplier, odd, valid_odd),
                                    vldrwq_gather_shifted_offset_z_s32(shift, odd, valid_odd));
        int16x8_t out = vreinterpretq_s16_s32(nn_clamp_mve(&layer->stage, acc_even));
        out = vmovntq_s32(out, nn_clamp_mve(&layer->stage, acc_odd));
        vstrbq_p_s16(y + k, out, valid);
    }
}

#endif

#endif
