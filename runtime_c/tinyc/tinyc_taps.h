/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: which part of a window lies inside the input. */
#ifndef TINYC_TAPS_H
#define TINYC_TAPS_H

#include <stdint.h>

/* Taps first to end - 1 of a window along one axis; first <= end. */
typedef struct {
    int32_t first;
    int32_t end;
} tinyc_taps;

/* The taps inside an axis of `size` cells, of `taps` that lie `dilation` cells apart from cell `origin` on. */
static inline tinyc_taps tinyc_taps_inside(int32_t origin, int32_t taps, int32_t dilation, int32_t size)
{
    const int32_t first = origin < 0 ? (dilation - 1 - origin) / dilation : 0;
    const int32_t room = origin < size ? (dilation - 1 + size - origin) / dilation : 0;
    const int32_t end = room < taps ? room : taps;
    const tinyc_taps inside = {first, end > first ? end : first};
    return inside;
}

#endif
