/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_prelu_f32.h"

void tinyc_prelu_f32(const tinyc_broadcast *shape, float low, float high, const float *a, const float *b, float *y)
{
    tinyc_prelu_f32_inline(shape, low, high, a, b, y);
}
