/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: going through a tensor row by row (a row is the last axis). */
#ifndef TINYC_ROWS_H
#define TINYC_ROWS_H

#include "tinyc_kernels.h"

#define TINYC_LAST_AXIS (TINYC_MAX_AXES - 1)

/* Indices of the axes before the last; {{0}} is the first row. */
typedef struct {
    int32_t index[TINYC_LAST_AXIS];
} tinyc_row;

/* Go on to the next row of a tensor of these sizes; 0 after the last one. */
static inline int tinyc_next_row(tinyc_row *row, const int32_t *size)
{
    for (int32_t axis = TINYC_LAST_AXIS - 1; axis >= 0; --axis) {
        if (++row->index[axis] < size[axis]) {
            return 1;
        }
        row->index[axis] = 0;
    }
    return 0;
}

/* Where the row starts in an operand with these strides, in elements. */
static inline int32_t tinyc_row_start(const tinyc_row *row, const int32_t *stride)
{
    int32_t start = 0;
    for (int32_t axis = 0; axis < TINYC_LAST_AXIS; ++axis) {
        start += row->index[axis] * stride[axis];
    }
    return start;
}

#endif
