/* SPDX-License-Identifier: Apache-2.0 */
/* Which part of a window lies inside the input. */
#ifndef NN_WINDOW_H
#define NN_WINDOW_H

#include "nn_target.h"

/* Taps [first, end) of a window's axis; empty when end <= first. */
typedef struct
{
    int32_t first;
    int32_t end;
} nn_taps;

NN_INLINE int32_t nn_ceil_divide(int32_t a, int32_t b)
{
    return b == 1 ? a : (a + b - 1) / b;
}

/* Taps of a window of `kernel` taps, `dilation` cells apart, whose first lies at `origin` of an axis of `extent` cells. */
NN_INLINE nn_taps nn_taps_inside(int32_t origin, int32_t kernel, int32_t dilation, int32_t extent)
{
    const nn_taps taps = {origin < 0 ? nn_ceil_divide(-origin, dilation) : 0,
                          origin < extent ? nn_min(kernel, nn_ceil_divide(extent - origin, dilation)) : 0};
    return taps;
}

#endif
