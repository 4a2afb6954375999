/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_squared_difference_f32.h"

void tinyc_squared_difference_f32(const tinyc_broadcast *shape, float low, float high, const float *a, const float *b,
                                  float *y)
{
    tinyc_squared_difference_f32_inline(shape, low, high, a, b, y);
}
