/* SPDX-License-Identifier: Apache-2.0 */
#include "arm_nnfunctions.h"
#include "nn_copy.h"

arm_cmsis_nn_status arm_transpose_s8(const int8_t *input_data,
                                     int8_t *const output_data,
                                     const cmsis_nn_dims *const input_dims,
                                     const cmsis_nn_dims *const output_dims,
                                     const cmsis_nn_transpose_params *const transpose_params)
{
    const int32_t rank = transpose_params->num_dims;
    if (rank < 1 || rank > 4)
    {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    /* The missing axes are outer ones of extent 1. */
    const int32_t lead = 4 - rank;
    const int32_t from[4] = {input_dims->n, input_dims->h, input_dims->w, input_dims->c};
    const int32_t to[4] = {output_dims->n, output_dims->h, output_dims->w, output_dims->c};
    int32_t strides[4] = {0, 0, 0, 0}; /* of the input's axes */
    int32_t cells = 1;
    for (int32_t axis = rank - 1; axis >= 0; axis--)
    {
        strides[axis] = cells;
        cells *= from[axis];
    }
    int32_t extent[4] = {1, 1, 1, 1};
    int32_t step[4] = {0, 0, 0, 0}; /* in the input along an axis of the output */
    for (int32_t axis = 0; axis < rank; axis++)
    {
        const uint32_t source = transpose_params->permutations[axis];
        if (source >= (uint32_t)rank)
        {
            return ARM_CMSIS_NN_ARG_ERROR;
        }
        extent[lead + axis] = to[axis];
        step[lead + axis] = strides[source];
    }
    int8_t *out = output_data;
    for (int32_t n = 0; n < extent[0]; n++)
    {
        for (int32_t h = 0; h < extent[1]; h++)
        {
            for (int32_t w = 0; w < extent[2]; w++)
            {
                const int8_t *in = input_data + n * step[0] + h * step[1] + w * step[2];
                if (step[3] == 1)
                {
                    nn_copy(out, in, extent[3]);
                    out += extent[3];
                    continue;
                }
                for (int32_t c = 0; c < extent[3]; c++, in += step[3])
                {
                    *out++ = *in;
                }
            }
        }
    }
    return ARM_CMSIS_NN_SUCCESS;
}
