/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_matmul_f32.h"

void tinyc_matmul_f32(const tinyc_matmul_shape *shape, const float *a, const float *b, float *y)
{
    tinyc_matmul_f32_inline(shape, a, b, y);
}
