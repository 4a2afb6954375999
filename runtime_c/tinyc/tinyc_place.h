/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: where a result of a resized tensor comes from. */
#ifndef TINYC_PLACE_H
#define TINYC_PLACE_H

#include "tinyc_kernels.h"

/* The cell at the integer part of a place, the one after it, and what the place lies beyond the first, in units. */
typedef struct {
    int32_t low, high, rest;
} tinyc_place;

static inline tinyc_place tinyc_place_of(const tinyc_resize_axis *axis, int32_t result)
{
    const int32_t last = axis->cells - 1;
    const int32_t stated = axis->first + result * axis->step;
    const int32_t raised = stated < 0 ? 0 : stated;
    const int32_t place = raised > last * axis->unit ? last * axis->unit : raised;
    const int32_t low = place / axis->unit;
    const tinyc_place found = {low, low < last ? low + 1 : last, place - low * axis->unit};
    return found;
}

#endif
