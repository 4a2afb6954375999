/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: fixed-point scaling, in the rounding that this is compiled for; ranges as in tinyc_kernels.h. */
#ifndef TINYC_REQUANTIZE_H
#define TINYC_REQUANTIZE_H

#include <stdint.h>

#if defined(CMSIS_NN_USE_SINGLE_ROUNDING)

/* value * multiplier * 2^(shift - 31) to nearest, ties up. */
static inline int32_t tinyc_requantized(int32_t value, int32_t multiplier, int32_t shift)
{
    return (int32_t)((((int64_t)value * multiplier >> (30 - shift)) + 1) >> 1);
}

#else

/* (value << max(shift, 0)) * multiplier / 2^31 to nearest, ties up; then that / 2^max(-shift, 0) to nearest, ties away
 * from zero. The shifted value must fit int32. */
static inline int32_t tinyc_requantized(int32_t value, int32_t multiplier, int32_t shift)
{
    const int64_t shifted = value * ((int64_t)1 << (shift > 0 ? shift : 0));
    const int32_t high = (int32_t)((shifted * multiplier + (1 << 30)) >> 31);
    if (shift >= 0) {
        return high;
    }
    const int64_t half = (int64_t)1 << (-shift - 1);
    return (int32_t)((high + half - (high < 0 ? 1 : 0)) >> -shift);
}

#endif

#endif
