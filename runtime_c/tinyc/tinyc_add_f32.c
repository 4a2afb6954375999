/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_clamp.h"
#include "tinyc_kernels.h"
#include "tinyc_rows.h"

void tinyc_add_f32(const tinyc_broadcast *shape, float low, float high, const float *a, const float *b, float *y)
{
    const int32_t columns = shape->size[TINYC_LAST_AXIS];
    const int32_t a_step = shape->a[TINYC_LAST_AXIS];
    const int32_t b_step = shape->b[TINYC_LAST_AXIS];
    tinyc_row row = {{0}};
    do {
        const float *from_a = a + tinyc_row_start(&row, shape->a);
        const float *from_b = b + tinyc_row_start(&row, shape->b);
        for (int32_t i = 0; i < columns; ++i) {
            *y++ = tinyc_clamped_f32(*from_a + *from_b, low, high);
            from_a += a_step;
            from_b += b_step;
        }
    } while (tinyc_next_row(&row, shape->size));
}
