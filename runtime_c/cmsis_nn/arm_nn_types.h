/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types of the CMSIS-NN int8 interface: the same names, field order and values as Arm's library, so that a caller
 * compiles unchanged against either. Only what the functions of arm_nnfunctions.h need.
 */
#ifndef ARM_NN_TYPES_H
#define ARM_NN_TYPES_H

#include <stdint.h>

typedef enum
{
    ARM_CMSIS_NN_SUCCESS = 0,        /* done */
    ARM_CMSIS_NN_ARG_ERROR = -1,     /* arguments contradict each other, or a needed buffer is missing */
    ARM_CMSIS_NN_NO_IMPL_ERROR = -2, /* not implemented */
    ARM_CMSIS_NN_FAILURE = -3,       /* internal failure */
} arm_cmsis_nn_status;

/* A pair of numbers, one an axis of the image. */
typedef struct
{
    int32_t w;
    int32_t h;
} cmsis_nn_tile;

/* Workspace of a call: 4-byte aligned, size in bytes. buf may be NULL where no workspace is needed. */
typedef struct
{
    void *buf;
    int32_t size;
} cmsis_nn_context;

/* Extents of a tensor, NHWC. Filters use n for the output channels, or as the function says. */
typedef struct
{
    int32_t n;
    int32_t h;
    int32_t w;
    int32_t c;
} cmsis_nn_dims;

/*
 * Scale of output channel i: multiplier[i] * 2^(shift[i] - 31), that is, a multiplier in Q31 and a left shift
 * (negative: right). The pointers are not const because Arm's are not; nothing writes through them.
 */
typedef struct
{
    int32_t *multiplier;
    int32_t *shift;
} cmsis_nn_per_channel_quant_params;

/* One scale for all channels. */
typedef struct
{
    int32_t multiplier;
    int32_t shift;
} cmsis_nn_per_tensor_quant_params;

/* Inclusive bounds of the output. */
typedef struct
{
    int32_t min;
    int32_t max;
} cmsis_nn_activation;

/* input_offset is minus the zero point of the input; output_offset is plus the zero point of the output. */
typedef struct
{
    int32_t input_offset;
    int32_t output_offset;
    cmsis_nn_tile stride;
    cmsis_nn_tile padding; /* left and top; right and bottom follow from the output's extents */
    cmsis_nn_tile dilation;
    cmsis_nn_activation activation;
} cmsis_nn_conv_params;

/* As cmsis_nn_conv_params, with output channels = ch_mult * input channels. */
typedef struct
{
    int32_t input_offset;
    int32_t output_offset;
    int32_t ch_mult;
    cmsis_nn_tile stride;
    cmsis_nn_tile padding;
    cmsis_nn_tile dilation;
    cmsis_nn_activation activation;
} cmsis_nn_dw_conv_params;

typedef struct
{
    cmsis_nn_tile stride;
    cmsis_nn_tile padding;
    cmsis_nn_activation activation;
} cmsis_nn_pool_params;

/* filter_offset is minus the zero point of the weights. */
typedef struct
{
    int32_t input_offset;
    int32_t filter_offset;
    int32_t output_offset;
    cmsis_nn_activation activation;
} cmsis_nn_fc_params;

/* Axis i of the output is axis permutations[i] of the input. */
typedef struct
{
    const int32_t num_dims;
    const uint32_t *permutations;
} cmsis_nn_transpose_params;

#endif
