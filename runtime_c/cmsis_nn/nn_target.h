/* SPDX-License-Identifier: Apache-2.0 */
/* What the core can do (under the macro names that Arm's libraries use), and the attributes of the internal helpers. */
#ifndef NN_TARGET_H
#define NN_TARGET_H

#include <stddef.h>
#include <stdint.h>

#if defined(__ARM_FEATURE_DSP) && !defined(ARM_MATH_DSP)
#if __ARM_FEATURE_DSP == 1
#define ARM_MATH_DSP 1
#endif
#endif

#if defined(__ARM_FEATURE_MVE) && !defined(ARM_MATH_MVEI)
#if (__ARM_FEATURE_MVE & 1) == 1
#define ARM_MATH_MVEI 1
#endif
#endif

/* For the helpers of inner loops: their pointers to locals must vanish. */
#define NN_INLINE static inline __attribute__((always_inline))
/* For the rare branch of a helper: out of line, and no warning where a file does not need it. */
#define NN_RARE static __attribute__((noinline, unused))

NN_INLINE int32_t nn_min(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

NN_INLINE int32_t nn_max(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

#endif
