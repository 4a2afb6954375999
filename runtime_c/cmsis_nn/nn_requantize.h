/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fixed-point scaling of accumulators to int8, in the rounding mode the file is compiled for (see arm_nnfunctions.h).
 */
#ifndef NN_REQUANTIZE_H
#define NN_REQUANTIZE_H

#include "nn_target.h"

/* Bits 32 to 63 of a * b, plus add. */
NN_INLINE int32_t nn_high_product(int32_t a, int32_t b, int32_t add)
{
#if defined(ARM_MATH_DSP)
    int32_t out;
    __asm__("smmla %0, %1, %2, %3" : "=r"(out) : "r"(a), "r"(b), "r"(add));
    return out;
#else
    return (int32_t)(((int64_t)a * b) >> 32) + add;
#endif
}

/* a * b / 2^31 to nearest, ties up; a and b not both INT32_MIN. */
NN_INLINE int32_t nn_doubling_high_product(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
}

/* value / 2^exponent to nearest, ties away from zero; exponent in [0, 31], value not INT32_MIN. */
NN_INLINE int32_t nn_divide_by_power_of_two(int32_t value, int32_t exponent)
{
    if (exponent == 0)
    {
        return value;
    }
    const int32_t toward_zero = value + (value >> 31); /* one less where negative: turns "ties up" into "ties away" */
    return ((toward_zero >> (exponent - 1)) + 1) >> 1;
}

#if defined(CMSIS_NN_USE_SINGLE_ROUNDING)

/* Scales by 2^-1 and more, where the rounding bit lies in the low half of the product. */
NN_RARE int32_t nn_requantize_large(int32_t value, int32_t multiplier, int32_t shift)
{
    return (int32_t)((((int64_t)value * multiplier >> (30 - shift)) + 1) >> 1);
}

/* value * multiplier * 2^(shift - 31), rounded; shift in [-31, 30]. */
NN_INLINE int32_t nn_requantize(int32_t value, int32_t multiplier, int32_t shift)
{
    if (shift > -2)
    {
        return nn_requantize_large(value, multiplier, shift);
    }
    /* The low half of the product cannot reach the rounding bit, so the high half decides alone. */
    return nn_high_product(value, multiplier, (int32_t)(1u << (-2 - shift))) >> (-1 - shift);
}

#else

NN_INLINE int32_t nn_requantize(int32_t value, int32_t multiplier, int32_t shift)
{
    if (shift > 0)
    {
        return nn_doubling_high_product((int32_t)((uint32_t)value << shift), multiplier);
    }
    return nn_divide_by_power_of_two(nn_doubling_high_product(value, multiplier), -shift);
}

#endif

/* The scale of a channel, prepared for many values. */
typedef struct
{
    int32_t multiplier;
#if defined(CMSIS_NN_USE_SINGLE_ROUNDING)
    int32_t right; /* shift of the product's high half, 0 or less where the high half does not suffice */
    int32_t round; /* half of what the shift drops */
#else
    int32_t shift;
#endif
} nn_scale;

#if defined(CMSIS_NN_USE_SINGLE_ROUNDING)

NN_INLINE nn_scale nn_make_scale(int32_t multiplier, int32_t shift)
{
    const int32_t right = -1 - shift;
    const nn_scale scale = {multiplier, right, right > 0 ? (int32_t)((1u << right) >> 1) : 0};
    return scale;
}

NN_INLINE int32_t nn_apply_scale(const nn_scale *scale, int32_t value)
{
    if (scale->right <= 0)
    {
        return nn_requantize_large(value, scale->multiplier, -1 - scale->right);
    }
    return nn_high_product(value, scale->multiplier, scale->round) >> scale->right;
}

#else

NN_INLINE nn_scale nn_make_scale(int32_t multiplier, int32_t shift)
{
    const nn_scale scale = {multiplier, shift};
    return scale;
}

NN_INLINE int32_t nn_apply_scale(const nn_scale *scale, int32_t value)
{
    return nn_requantize(value, scale->multiplier, scale->shift);
}

#endif

/* What turns an accumulator into an output: one scale a channel, one offset and one range for all. */
typedef struct
{
    const int32_t *multiplier;
    const int32_t *shift;
    int32_t offset;
    int32_t min;
    int32_t max;
} nn_output_stage;

/* `value` clamped to the stage's range. */
NN_INLINE int8_t nn_clamp(const nn_output_stage *stage, int32_t value)
{
#if defined(__ARM_FEATURE_SAT)
    /* One instruction where the range is all of int8, which it mostly is. */
    __asm__("ssat %0, #8, %1" : "=r"(value) : "r"(value) : "cc");
    if (stage->max - stage->min == 255)
    {
        return (int8_t)value;
    }
#endif
    return (int8_t)nn_min(nn_max(value, stage->min), stage->max);
}

NN_INLINE nn_scale nn_channel_scale(const nn_output_stage *stage, int32_t channel)
{
    return nn_make_scale(stage->multiplier[channel], stage->shift[channel]);
}

/* The output that accumulator `acc` gives with a channel's scale. */
NN_INLINE int8_t nn_scaled_output(const nn_output_stage *stage, const nn_scale *scale, int32_t acc)
{
    return nn_clamp(stage, nn_apply_scale(scale, acc) + stage->offset);
}

/* The output that accumulator `acc` of channel `channel` gives. */
NN_INLINE int8_t nn_output(const nn_output_stage *stage, int32_t channel, int32_t acc)
{
    const nn_scale scale = nn_channel_scale(stage, channel);
    return nn_scaled_output(stage, &scale, acc);
}

#endif
