/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: results kept within their bounds. */
#ifndef TINYC_CLAMP_H
#define TINYC_CLAMP_H

#include <stdint.h>

/* NaN stays NaN; high wins where low is above it. */
static inline float tinyc_clamped_f32(float value, float low, float high)
{
    const float raised = value < low ? low : value;
    return raised > high ? high : raised;
}

/* low and high are int8 values. */
static inline int8_t tinyc_clamped_s8(int32_t value, int32_t low, int32_t high)
{
    const int32_t raised = value < low ? low : value;
    return (int8_t)(raised > high ? high : raised);
}

#endif
