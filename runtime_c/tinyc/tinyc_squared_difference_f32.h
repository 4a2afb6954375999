/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: squared differences of floats, made for its constants; see tinyc_elementwise_kernels.h. */
#ifndef TINYC_SQUARED_DIFFERENCE_F32_H
#define TINYC_SQUARED_DIFFERENCE_F32_H

#include "tinyc_elements_f32.h"

TINYC_ALWAYS_INLINE void tinyc_squared_difference_f32_inline(const tinyc_broadcast *shape, float low, float high,
                                                             const float *a, const float *b, float *y)
{
    tinyc_elements_f32(TINYC_SQUARED_DIFFERENCE, shape, low, high, a, b, y);
}

#endif
