/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tinyc_kernels.h"

/* `count` times `value` from y on; the place behind them. */
static float *fill(float *y, int32_t count, float value)
{
    for (int32_t i = 0; i < count; ++i) {
        y[i] = value;
    }
    return y + count;
}

void tinyc_pad_f32(const tinyc_pad_params *params, float value, const float *x, float *y)
{
    const tinyc_pad_params p = *params;
    int32_t total[TINYC_PAD_AXES];
    for (int32_t axis = 0; axis < TINYC_PAD_AXES; ++axis) {
        total[axis] = p.before[axis] + p.size[axis] + p.after[axis];
    }
    const int32_t slice = total[2] * total[3];
    y = fill(y, p.before[0] * total[1] * slice, value);
    for (int32_t n = 0; n < p.size[0]; ++n) {
        y = fill(y, p.before[1] * slice, value);
        for (int32_t h = 0; h < p.size[1]; ++h) {
            y = fill(y, p.before[2] * total[3], value);
            for (int32_t w = 0; w < p.size[2]; ++w) {
                y = fill(y, p.before[3], value);
                (void)memmove(y, x, (size_t)p.size[3] * sizeof *y);
                x += p.size[3];
                y = fill(y + p.size[3], p.after[3], value);
            }
            y = fill(y, p.after[2] * total[3], value);
        }
        y = fill(y, p.after[1] * slice, value);
    }
    (void)fill(y, p.after[0] * total[1] * slice, value);
}
