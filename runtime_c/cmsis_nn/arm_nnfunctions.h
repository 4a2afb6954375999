/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of the CMSIS-NN int8 interface that tinyc calls, implemented in this folder: one public function a file,
 * each file complete together with the headers. Signatures, workspace sizes and results are those of Arm's library.
 *
 * Tensors are int8, NHWC, batch outermost. No pointer may be NULL unless said; outputs must not overlap inputs unless
 * said, or unless the output starts so far below the first input that nothing is overwritten before it is read. The
 * functions go through their results upwards, in steps that tinyc/ops/_lag.py knows; those of Arm's library do not
 * always. Every function returns ARM_CMSIS_NN_SUCCESS or the error that is named. An accumulator is 32 bits wide: the
 * caller guarantees that no partial sum, and no scaled result, overflows it.
 *
 * A scaled result is acc * multiplier * 2^(shift - 31), multiplier in [0, 2^31), shift in [-31, 30], rounded
 *   - to nearest, ties up, when compiled with CMSIS_NN_USE_SINGLE_ROUNDING;
 *   - otherwise twice, as TensorFlow Lite does: the doubled high product to nearest, ties up, then the division by a
 *     power of two to nearest, ties away from zero.
 * Then the output offset is added and the result is clamped to [activation.min, activation.max].
 */
#ifndef ARM_NNFUNCTIONS_H
#define ARM_NNFUNCTIONS_H

#include "arm_nn_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * 2-D convolution. filter [C_out, H, W, C_in / groups]; the number of groups is input_dims->c / filter_dims->c and must
 * divide C_out. bias int32 [C_out] or NULL; bias_dims is not read. Padding counts as the input's zero point.
 * input_offset in [-127, 128], output_offset in [-128, 127]. ctx->buf holds
 * arm_convolve_wrapper_s8_get_buffer_size() bytes.
 * ARM_CMSIS_NN_ARG_ERROR: the groups do not fit, or a needed workspace is NULL.
 */
arm_cmsis_nn_status arm_convolve_wrapper_s8(const cmsis_nn_context *ctx,
                                            const cmsis_nn_conv_params *conv_params,
                                            const cmsis_nn_per_channel_quant_params *quant_params,
                                            const cmsis_nn_dims *input_dims,
                                            const int8_t *input_data,
                                            const cmsis_nn_dims *filter_dims,
                                            const int8_t *filter_data,
                                            const cmsis_nn_dims *bias_dims,
                                            const int32_t *bias_data,
                                            const cmsis_nn_dims *output_dims,
                                            int8_t *output_data);

/* Bytes of workspace on the core this is compiled for. */
int32_t arm_convolve_wrapper_s8_get_buffer_size(const cmsis_nn_conv_params *conv_params,
                                                const cmsis_nn_dims *input_dims,
                                                const cmsis_nn_dims *filter_dims,
                                                const cmsis_nn_dims *output_dims);

/* The same on a core with the DSP extension, wherever this is compiled. */
int32_t arm_convolve_wrapper_s8_get_buffer_size_dsp(const cmsis_nn_conv_params *conv_params,
                                                    const cmsis_nn_dims *input_dims,
                                                    const cmsis_nn_dims *filter_dims,
                                                    const cmsis_nn_dims *output_dims);

/* The same on a core with MVE, wherever this is compiled. */
int32_t arm_convolve_wrapper_s8_get_buffer_size_mve(const cmsis_nn_conv_params *conv_params,
                                                    const cmsis_nn_dims *input_dims,
                                                    const cmsis_nn_dims *filter_dims,
                                                    const cmsis_nn_dims *output_dims);

/*
 * Depthwise 2-D convolution: output channel k reads input channel k / ch_mult. filter [1, H, W, C_out]; bias int32
 * [C_out] or NULL; bias_dims is not read. Ranges as for arm_convolve_wrapper_s8. This implementation does not touch its
 * workspace; ctx->buf may be NULL.
 * ARM_CMSIS_NN_ARG_ERROR: C_out is not ch_mult * C_in.
 */
arm_cmsis_nn_status arm_depthwise_conv_wrapper_s8(const cmsis_nn_context *ctx,
                                                  const cmsis_nn_dw_conv_params *dw_conv_params,
                                                  const cmsis_nn_per_channel_quant_params *quant_params,
                                                  const cmsis_nn_dims *input_dims,
                                                  const int8_t *input_data,
                                                  const cmsis_nn_dims *filter_dims,
                                                  const int8_t *filter_data,
                                                  const cmsis_nn_dims *bias_dims,
                                                  const int32_t *bias_data,
                                                  const cmsis_nn_dims *output_dims,
                                                  int8_t *output_data);

/* Bytes of workspace that Arm's depthwise convolution needs on the core this is compiled for. */
int32_t arm_depthwise_conv_wrapper_s8_get_buffer_size(const cmsis_nn_dw_conv_params *dw_conv_params,
                                                      const cmsis_nn_dims *input_dims,
                                                      const cmsis_nn_dims *filter_dims,
                                                      const cmsis_nn_dims *output_dims);

/* The same on a core with the DSP extension, wherever this is compiled. */
int32_t arm_depthwise_conv_wrapper_s8_get_buffer_size_dsp(const cmsis_nn_dw_conv_params *dw_conv_params,
                                                          const cmsis_nn_dims *input_dims,
                                                          const cmsis_nn_dims *filter_dims,
                                                          const cmsis_nn_dims *output_dims);

/* The same on a core with MVE, wherever this is compiled. */
int32_t arm_depthwise_conv_wrapper_s8_get_buffer_size_mve(const cmsis_nn_dw_conv_params *dw_conv_params,
                                                          const cmsis_nn_dims *input_dims,
                                                          const cmsis_nn_dims *filter_dims,
                                                          const cmsis_nn_dims *output_dims);

/*
 * Dense layer: input_dims->n rows of filter_dims->n values by filter [output_dims->c, filter_dims->n], one scale for all
 * channels. bias int32 or NULL; bias_dims is not read.
 * On a core with MVE ctx->buf must hold the kernel sums that arm_vector_sum_s8 makes of the same filter, offsets and bias
 * (which is then not read here); elsewhere ctx->buf is not read.
 * ARM_CMSIS_NN_ARG_ERROR: kernel sums are needed and ctx->buf is NULL.
 */
arm_cmsis_nn_status arm_fully_connected_s8(const cmsis_nn_context *ctx,
                                           const cmsis_nn_fc_params *fc_params,
                                           const cmsis_nn_per_tensor_quant_params *quant_params,
                                           const cmsis_nn_dims *input_dims,
                                           const int8_t *input_data,
                                           const cmsis_nn_dims *filter_dims,
                                           const int8_t *filter_data,
                                           const cmsis_nn_dims *bias_dims,
                                           const int32_t *bias_data,
                                           const cmsis_nn_dims *output_dims,
                                           int8_t *output_data);

/* The same with one scale an output channel. */
arm_cmsis_nn_status arm_fully_connected_per_channel_s8(const cmsis_nn_context *ctx,
                                                       const cmsis_nn_fc_params *fc_params,
                                                       const cmsis_nn_per_channel_quant_params *quant_params,
                                                       const cmsis_nn_dims *input_dims,
                                                       const int8_t *input_data,
                                                       const cmsis_nn_dims *filter_dims,
                                                       const int8_t *filter_data,
                                                       const cmsis_nn_dims *bias_dims,
                                                       const int32_t *bias_data,
                                                       const cmsis_nn_dims *output_dims,
                                                       int8_t *output_data);

/* Bytes of workspace of both on the core this is compiled for. */
int32_t arm_fully_connected_s8_get_buffer_size(const cmsis_nn_dims *filter_dims);

/* The same on a core with the DSP extension, wherever this is compiled. */
int32_t arm_fully_connected_s8_get_buffer_size_dsp(const cmsis_nn_dims *filter_dims);

/* The same on a core with MVE, wherever this is compiled. */
int32_t arm_fully_connected_s8_get_buffer_size_mve(const cmsis_nn_dims *filter_dims);

/*
 * vector_sum_buf[r] = bias_data[r] + lhs_offset * sum over c of (vector_data[r][c] + rhs_offset), for vector_rows rows of
 * vector_cols values. bias_data may be NULL.
 */
arm_cmsis_nn_status arm_vector_sum_s8(int32_t *vector_sum_buf,
                                      const int32_t vector_cols,
                                      const int32_t vector_rows,
                                      const int8_t *vector_data,
                                      const int32_t lhs_offset,
                                      const int32_t rhs_offset,
                                      const int32_t *bias_data);

/*
 * Average pooling over the part of the window that lies inside the input, ties away from zero. Input and output have the
 * same scale. This implementation does not touch its workspace; ctx->buf may be NULL.
 * ARM_CMSIS_NN_ARG_ERROR: no batch, or a window without any input.
 */
arm_cmsis_nn_status arm_avgpool_s8(const cmsis_nn_context *ctx,
                                   const cmsis_nn_pool_params *pool_params,
                                   const cmsis_nn_dims *input_dims,
                                   const int8_t *input_data,
                                   const cmsis_nn_dims *filter_dims,
                                   const cmsis_nn_dims *output_dims,
                                   int8_t *output_data);

/* Bytes of workspace that Arm's average pooling needs on the core this is compiled for. */
int32_t arm_avgpool_s8_get_buffer_size(const int dim_dst_width, const int ch_src);

/* The same on a core with the DSP extension, wherever this is compiled. */
int32_t arm_avgpool_s8_get_buffer_size_dsp(const int dim_dst_width, const int ch_src);

/* The same on a core with MVE, wherever this is compiled. */
int32_t arm_avgpool_s8_get_buffer_size_mve(const int dim_dst_width, const int ch_src);

/*
 * Max pooling over the part of the window that lies inside the input. ctx is not read.
 * ARM_CMSIS_NN_ARG_ERROR: no batch, or a window without any input.
 */
arm_cmsis_nn_status arm_max_pool_s8(const cmsis_nn_context *ctx,
                                    const cmsis_nn_pool_params *pool_params,
                                    const cmsis_nn_dims *input_dims,
                                    const int8_t *input_data,
                                    const cmsis_nn_dims *filter_dims,
                                    const cmsis_nn_dims *output_dims,
                                    int8_t *output_data);

/*
 * output = scale_out(scale_1((input_1 + offset_1) << left_shift) + scale_2((input_2 + offset_2) << left_shift)) + offset,
 * clamped. Input offsets in [-127, 128]; left_shift in [0, 22]; input and output shifts at most 0. The output may be
 * either input.
 */
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
                                           const int32_t block_size);

/*
 * output = scale((input_1 + offset_1) * (input_2 + offset_2)) + offset, clamped. Input offsets in [-127, 128]. The output
 * may be either input.
 */
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
                                           const int32_t block_size);

/*
 * Softmax of num_rows rows of row_size values in fixed point; the output has scale 1/256 and zero point -128. mult and
 * shift scale a difference of inputs to Q5.26; differences below diff_min (negative) count as minus infinity and
 * (-diff_min) << shift must fit 31 bits. shift in [0, 23]; row_size at most 2^12 when all values of a row may be equal.
 * The output may be the input.
 */
void arm_softmax_s8(const int8_t *input,
                    const int32_t num_rows,
                    const int32_t row_size,
                    const int32_t mult,
                    const int32_t shift,
                    const int32_t diff_min,
                    int8_t *output);

/* Adds pre_pad before and post_pad after each axis, filled with pad_value. */
arm_cmsis_nn_status arm_pad_s8(const int8_t *input,
                               int8_t *output,
                               const int8_t pad_value,
                               const cmsis_nn_dims *input_size,
                               const cmsis_nn_dims *pre_pad,
                               const cmsis_nn_dims *post_pad);

/*
 * Transposes a tensor of 1 to 4 axes: output axis i is input axis permutations[i]. The extents fill the dims from n on
 * (a matrix is n by h); those of the output must be the permuted ones of the input.
 * ARM_CMSIS_NN_ARG_ERROR: the number of axes or an entry is out of range.
 */
arm_cmsis_nn_status arm_transpose_s8(const int8_t *input_data,
                                     int8_t *const output_data,
                                     const cmsis_nn_dims *const input_dims,
                                     const cmsis_nn_dims *const output_dims,
                                     const cmsis_nn_transpose_params *const transpose_params);

/*
 * Copies one input of a concatenation to its place, offset_* cells along the axis. Axis x is the fastest, then y, z and
 * w (for NHWC: x the channels, y the width, z the height, w the batch).
 */
void arm_concatenation_s8_x(const int8_t *input,
                            const uint16_t input_x,
                            const uint16_t input_y,
                            const uint16_t input_z,
                            const uint16_t input_w,
                            int8_t *output,
                            const uint16_t output_x,
                            const uint32_t offset_x);

void arm_concatenation_s8_y(const int8_t *input,
                            const uint16_t input_x,
                            const uint16_t input_y,
                            const uint16_t input_z,
                            const uint16_t input_w,
                            int8_t *output,
                            const uint16_t output_y,
                            const uint32_t offset_y);

void arm_concatenation_s8_z(const int8_t *input,
                            const uint16_t input_x,
                            const uint16_t input_y,
                            const uint16_t input_z,
                            const uint16_t input_w,
                            int8_t *output,
                            const uint16_t output_z,
                            const uint32_t offset_z);

void arm_concatenation_s8_w(const int8_t *input,
                            const uint16_t input_x,
                            const uint16_t input_y,
                            const uint16_t input_z,
                            const uint16_t input_w,
                            int8_t *output,
                            const uint32_t offset_w);

#ifdef __cplusplus
}
#endif

#endif
