/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: results kept within their bounds. */
#ifndef TINYC_CLAMP_H
#define TINYC_CLAMP_H

#include <math.h>
#include <stdint.h>

/* Whether it is known at compile time that a bound is none: then nothing is compared. */
#if defined(__GNUC__)
#define TINYC_UNBOUNDED(bound, infinity) (__builtin_constant_p((bound) == (infinity)) && (bound) == (infinity))
#else
#define TINYC_UNBOUNDED(bound, infinity) 0
#endif

/* NaN stays NaN; high wins where low is above it. */
static inline float tinyc_clamped_f32(float value, float low, float high)
{
    const float raised = !TINYC_UNBOUNDED(low, -INFINITY) && value < low ? low : value;
    return !TINYC_UNBOUNDED(high, INFINITY) && raised > high ? high : raised;
}

/* low and high are int8 values. */
static inline int8_t tinyc_clamped_s8(int32_t value, int32_t low, int32_t high)
{
    const int32_t raised = value < low ? low : value;
    return (int8_t)(raised > high ? high : raised);
}

#endif
