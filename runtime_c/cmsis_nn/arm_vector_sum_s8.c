/* SPDX-License-Identifier: Apache-2.0 */
#include "arm_nnfunctions.h"
#include "nn_sum.h"

arm_cmsis_nn_status arm_vector_sum_s8(int32_t *vector_sum_buf,
                                      const int32_t vector_cols,
                                      const int32_t vector_rows,
                                      const int8_t *vector_data,
                                      const int32_t lhs_offset,
                                      const int32_t rhs_offset,
                                      const int32_t *bias_data)
{
    for (int32_t r = 0; r < vector_rows; r++, vector_data += vector_cols)
    {
        int32_t sum = bias_data == NULL ? 0 : bias_data[r];
        if (lhs_offset != 0)
        {
            sum += lhs_offset * (nn_sum(vector_data, vector_cols) + vector_cols * rhs_offset);
        }
        vector_sum_buf[r] = sum;
    }
    return ARM_CMSIS_NN_SUCCESS;
}
