/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of single elements that C does not have as ONNX means them. */
#ifndef TINYC_FUNCTIONS_H
#define TINYC_FUNCTIONS_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* A whole number as near as can be: NaN is 0, what is too large saturates. */
static inline int64_t tinyc_to_i64(float a)
{
    if (a != a) {
        return 0;
    }
    return a >= 9223372036854775808.0f ? INT64_MAX : a < -9223372036854775808.0f ? INT64_MIN : (int64_t)a;
}

static inline uint64_t tinyc_to_u64(float a)
{
    return a >= 18446744073709551616.0f ? UINT64_MAX : a > 0.0f ? (uint64_t)a : 0u;
}

/* Division towards zero; by zero it gives 0, and the one quotient that does not fit wraps. */
static inline int64_t tinyc_div_i64(int64_t a, int64_t b)
{
    return b == 0 ? 0 : b == -1 ? (int64_t)(0u - (uint64_t)a) : a / b;
}

static inline uint64_t tinyc_div_u64(uint64_t a, uint64_t b)
{
    return b == 0u ? 0u : a / b;
}

/* The remainder with the sign of a. */
static inline int64_t tinyc_rem_i64(int64_t a, int64_t b)
{
    return b == 0 || b == -1 ? 0 : a % b;
}

/* The remainder with the sign of b. */
static inline int64_t tinyc_mod_i64(int64_t a, int64_t b)
{
    const int64_t rest = tinyc_rem_i64(a, b);
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

static inline uint64_t tinyc_mod_u64(uint64_t a, uint64_t b)
{
    return b == 0u ? 0u : a % b;
}

static inline float tinyc_mod_f32(float a, float b)
{
    const float rest = fmodf(a, b);
    return rest != 0.0f && (rest < 0.0f) != (b < 0.0f) ? rest + b : rest;
}

/* a to the power b, which wraps; a negative power of anything but 1 and -1 is 0. */
static inline int64_t tinyc_pow_i64(int64_t a, int64_t b)
{
    if (b < 0) {
        return a == 1 ? 1 : a == -1 ? ((b & 1) != 0 ? -1 : 1) : 0;
    }
    uint64_t power = 1u;
    uint64_t square = (uint64_t)a;
    for (uint64_t left = (uint64_t)b; left != 0u; left >>= 1) {
        power *= (left & 1u) != 0u ? square : 1u;
        square *= square;
    }
    return (int64_t)power;
}

/* The larger and the smaller; NaN if one is NaN. */
static inline float tinyc_max_f32(float a, float b)
{
    return a > b || a != a ? a : b;
}

static inline float tinyc_min_f32(float a, float b)
{
    return a < b || a != a ? a : b;
}

/* The nearest of the floats with a significand of 8 bits, ties to even. */
static inline float tinyc_to_bfloat16(float a)
{
    uint32_t bits;
    float rounded;
    if (a != a) {
        return a;
    }
    (void)memcpy(&bits, &a, sizeof bits);
    bits = (bits + 0x7FFFu + ((bits >> 16) & 1u)) & 0xFFFF0000u;
    (void)memcpy(&rounded, &bits, sizeof rounded);
    return rounded;
}

static inline float tinyc_sign_f32(float a)
{
    return a > 0.0f ? 1.0f : a < 0.0f ? -1.0f : a;
}

#endif
