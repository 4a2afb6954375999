/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: results kept within their bounds. */
#ifndef TINYC_CLAMP_H
#define TINYC_CLAMP_H

#include <stdint.h>

/* Whether it is known at compile time that a bound is none, `one` being 1 or -1: then nothing is compared. */
#if defined(__GNUC__)
#define TINYC_INFINITE(bound, infinity) (__builtin_constant_p((bound) == (infinity)) && (bound) == (infinity))
#define TINYC_NONE(bound, one) TINYC_INFINITE(bound, (one) * __builtin_inff())
#else
#define TINYC_NONE(bound, one) 0
#endif

/* NaN stays NaN; high wins where low is above it. */
static inline float tinyc_clamped_f32(float value, float low, float high)
{
    const float raised = !TINYC_NONE(low, -1) && value < low ? low : value;
    return !TINYC_NONE(high, 1) && raised > high ? high : raised;
}

/* low and high are int8 values. */
static inline int8_t tinyc_clamped_s8(int32_t value, int32_t low, int32_t high)
{
    const int32_t raised = value < low ? low : value;
    return (int8_t)(raised > high ? high : raised);
}

#endif
