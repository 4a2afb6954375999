/* SPDX-License-Identifier: Apache-2.0 */
/* Workspace of a convolution in bytes, a function for each kind of core: the figures that Arm's library asks for. */
#ifndef NN_BUFFER_SIZE_H
#define NN_BUFFER_SIZE_H

#include "arm_nn_types.h"
#include "nn_target.h"

/* Whether a convolution is a plain matrix product over the pixels. */
static inline int nn_is_pointwise(const cmsis_nn_conv_params *params, const cmsis_nn_dims *input,
                                  const cmsis_nn_dims *filter)
{
    return params->padding.w == 0 && params->padding.h == 0 && filter->w == 1 && filter->h == 1 &&
           params->dilation.w == 1 && params->dilation.h == 1 && input->c == filter->c;
}

/* Whether a convolution runs along a single row. */
static inline int nn_is_single_row(const cmsis_nn_conv_params *params, const cmsis_nn_dims *input,
                                   const cmsis_nn_dims *filter)
{
    return input->h == 1 && params->dilation.w == 1 && filter->h == 1 && params->stride.w * input->c % 4 == 0 &&
           input->c == filter->c;
}

/* Without MVE: two columns of int16. */
static inline int32_t nn_convolve_size(const cmsis_nn_conv_params *params, const cmsis_nn_dims *input,
                                       const cmsis_nn_dims *filter)
{
    if (nn_is_pointwise(params, input, filter))
    {
        return 0;
    }
    return 2 * ((filter->w * filter->h * input->c + 3) / 4 * 4) * (int32_t)sizeof(int16_t);
}

/* The same on a DSP core: Arm's compiler gets two expanded pixels for the pointwise convolution. */
static inline int32_t nn_convolve_size_dsp(const cmsis_nn_conv_params *params, const cmsis_nn_dims *input,
                                           const cmsis_nn_dims *filter)
{
#if defined(__ARMCC_VERSION)
    if (nn_is_pointwise(params, input, filter) && params->stride.w == 1 && params->stride.h == 1)
    {
        return 2 * input->c * (int32_t)sizeof(int16_t);
    }
#endif
    return nn_convolve_size(params, input, filter);
}

/* With MVE: four columns of int8, or along a single row the widest padded piece of it. */
static inline int32_t nn_convolve_size_mve(const cmsis_nn_conv_params *params, const cmsis_nn_dims *input,
                                           const cmsis_nn_dims *filter, const cmsis_nn_dims *output)
{
    if (nn_is_pointwise(params, input, filter))
    {
        return 0;
    }
    const int32_t columns = 4 * ((filter->w * filter->h * input->c + 15) / 16 * 16);
    if (!nn_is_single_row(params, input, filter))
    {
        return columns;
    }
    const int32_t stride = params->stride.w;
    const int32_t pad_left = params->padding.w;
    const int32_t odd = ((output->w - 1) * stride + filter->w - input->w) % 2;
    const int32_t pad_right = pad_left + odd;
    const int32_t left_cells = pad_left == 0 ? 0 : nn_max(1, (pad_left + stride - 1) / stride);
    const int32_t right_cells = pad_right == 0 ? 0 : nn_max(1, (pad_right + stride - 1) / stride);
    if (left_cells + right_cells > output->w)
    {
        return columns;
    }
    const int32_t left = (filter->w + pad_left) * input->c;
    const int32_t right = (filter->w - 1 + (odd == 0 ? pad_left : right_cells)) * input->c;
    return nn_max(left, right);
}

/* A depthwise convolution on a DSP core: the kernel's footprint as int16, except for 3x3. */
static inline int32_t nn_depthwise_size_dsp(const cmsis_nn_dw_conv_params *params, const cmsis_nn_dims *input,
                                            const cmsis_nn_dims *filter, const cmsis_nn_dims *output)
{
    if (input->c != output->c || input->n != 1 || params->dilation.w != 1 || params->dilation.h != 1)
    {
        return 0;
    }
    if (filter->w == 3 && filter->h == 3 && params->padding.h <= 1 && params->padding.w <= 1)
    {
        return 0;
    }
    return input->c * filter->w * filter->h * (int32_t)sizeof(int16_t);
}

/* Output channels above which Arm's MVE code turns a depthwise convolution of one channel into an ordinary one. */
#if defined(__ARMCC_VERSION)
#define NN_DEPTHWISE_AS_CONVOLUTION 8
#else
#define NN_DEPTHWISE_AS_CONVOLUTION 1
#endif

/* With MVE: four columns of a block of 124 channels; with one input channel, the convolution's and its filter. */
static inline int32_t nn_depthwise_size_mve(const cmsis_nn_dw_conv_params *params, const cmsis_nn_dims *input,
                                            const cmsis_nn_dims *filter, const cmsis_nn_dims *output)
{
    if (input->c == 1 && output->c > NN_DEPTHWISE_AS_CONVOLUTION)
    {
        const cmsis_nn_conv_params conv = {params->input_offset, params->output_offset, params->stride,
                                           params->padding,      params->dilation,      params->activation};
        const cmsis_nn_dims conv_filter = {filter->c, filter->h, filter->w, filter->n};
        return nn_convolve_size_mve(&conv, input, &conv_filter, output) + filter->c * filter->h * filter->w * filter->n;
    }
    if (input->c != output->c || input->n != 1 || params->dilation.w != 1 || params->dilation.h != 1)
    {
        return 0;
    }
    return 4 * 124 * filter->w * filter->h;
}

#endif
