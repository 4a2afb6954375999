/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: average pooling of floats, made for its constants; see tinyc_kernels.h. */
#ifndef TINYC_AVG_POOL2D_F32_H
#define TINYC_AVG_POOL2D_F32_H

#include "tinyc_pools_f32.h"

TINYC_ALWAYS_INLINE void tinyc_avg_pool2d_f32_inline(const tinyc_pool2d_params *params, const float *x, float *y)
{
    tinyc_pools_f32(TINYC_AVERAGE, params, x, y);
}

#endif
