/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: from the result of a convolution to that of a sum; see tinyc_sum_kernels.h. */
#ifndef TINYC_SUM_STAGE_H
#define TINYC_SUM_STAGE_H

#include "tinyc_stage.h"

TINYC_ALWAYS_INLINE int8_t tinyc_summed(const tinyc_sum_stage *stage, int32_t value, int32_t other)
{
    const uint32_t others = (uint32_t)other * (uint32_t)stage->other_factor + (uint32_t)stage->start;
    const uint32_t sum = (uint32_t)value * (uint32_t)stage->value_factor + others;
    int32_t result = tinyc_saturated((int32_t)sum, stage->right);
    if (stage->low > -128 && result < stage->low) {
        result = stage->low;
    }
    if (stage->high < 127 && result > stage->high) {
        result = stage->high;
    }
    return (int8_t)result;
}

#endif
