/* SPDX-License-Identifier: Apache-2.0 */
/* Vector helpers for cores with MVE (Helium): the same arithmetic as nn_requantize.h and nn_dot.h on four lanes. */
#ifndef NN_MVE_H
#define NN_MVE_H

#include "nn_requantize.h"
#include "nn_sum.h"
#include "nn_target.h"

#if defined(ARM_MATH_MVEI)

#include <arm_mve.h>

#if defined(CMSIS_NN_USE_SINGLE_ROUNDING)

/* value * multiplier * 2^(shift - 31), rounded; results beyond 2^29 are only right in sign and in being large. */
NN_INLINE int32x4_t nn_requantize_mve(int32x4_t value, int32x4_t multiplier, int32x4_t shift)
{
    /* The doubling product truncates, so the rounding must be done by the shift that follows, by one at least. */
    const int32x4_t right = vminq_s32(shift, vdupq_n_s32(-1));
    const int32x4_t left = vsubq_s32(shift, right);
    return vrshlq_s32(vqdmulhq_s32(vqshlq_s32(value, left), multiplier), right);
}

#else

NN_INLINE int32x4_t nn_requantize_mve(int32x4_t value, int32x4_t multiplier, int32x4_t shift)
{
    const int32x4_t right = vminq_s32(shift, vdupq_n_s32(0));
    const int32x4_t left = vsubq_s32(shift, right);
    const int32x4_t product = vqrdmulhq_s32(vshlq_s32(value, left), multiplier);
    /* Minus one where the product is negative and there is a shift: turns "ties up" into "ties away". */
    const int32x4_t toward_zero = vqaddq_s32(product, vshrq_n_s32(vandq_s32(product, right), 31));
    return vrshlq_s32(toward_zero, right);
}

#endif

/* The same with one scale for all lanes, which then needs no vector registers. */
NN_INLINE int32x4_t nn_requantize_by_one_mve(int32x4_t value, int32_t multiplier, int32_t shift)
{
#if defined(CMSIS_NN_USE_SINGLE_ROUNDING)
    const int32_t right = nn_min(shift, -1);
    return vrshlq_n_s32(vqdmulhq_n_s32(vqshlq_r_s32(value, shift - right), multiplier), right);
#else
    const int32_t right = nn_min(shift, 0);
    const int32x4_t product = vqrdmulhq_n_s32(vshlq_r_s32(value, shift - right), multiplier);
    const int32x4_t fixup = vshrq_n_s32(vandq_s32(product, vdupq_n_s32(right)), 31);
    return vrshlq_n_s32(vqaddq_s32(product, fixup), right);
#endif
}

/* The offset added to scaled values, clamped. */
NN_INLINE int32x4_t nn_clamp_mve(const nn_output_stage *stage, int32x4_t scaled)
{
    scaled = vaddq_n_s32(scaled, stage->offset);
    return vminq_s32(vmaxq_s32(scaled, vdupq_n_s32(stage->min)), vdupq_n_s32(stage->max));
}

/* start + the dot product of `shared` and rows[i], `depth` int8 each, in lane i. */
NN_INLINE int32x4_t nn_dot_4_mve(const int8_t *const rows[4], const int8_t *shared, int32_t depth, int32_t start)
{
    const int8_t *r0 = rows[0];
    const int8_t *r1 = rows[1];
    const int8_t *r2 = rows[2];
    const int8_t *r3 = rows[3];
    int32_t a0 = start;
    int32_t a1 = start;
    int32_t a2 = start;
    int32_t a3 = start;
    int32x4_t sums;
    __asm__ volatile("wlstp.8 lr, %[n], 2f\n"
                     "1:\n\t"
                     "vldrb.8 q0, [%[s]], #16\n\t"
                     "vldrb.8 q1, [%[r0]], #16\n\t"
                     "vmladava.s8 %[a0], q0, q1\n\t"
                     "vldrb.8 q2, [%[r1]], #16\n\t"
                     "vmladava.s8 %[a1], q0, q2\n\t"
                     "vldrb.8 q3, [%[r2]], #16\n\t"
                     "vmladava.s8 %[a2], q0, q3\n\t"
                     "vldrb.8 q1, [%[r3]], #16\n\t"
                     "vmladava.s8 %[a3], q0, q1\n\t"
                     "letp lr, 1b\n"
                     "2:\n\t"
                     "vmov %q[sums][2], %q[sums][0], %[a0], %[a2]\n\t"
                     "vmov %q[sums][3], %q[sums][1], %[a1], %[a3]"
                     : [s] "+r"(shared), [r0] "+r"(r0), [r1] "+r"(r1), [r2] "+r"(r2), [r3] "+r"(r3), [a0] "+Te"(a0),
                       [a1] "+Te"(a1), [a2] "+Te"(a2), [a3] "+Te"(a3), [sums] "=w"(sums)
                     : [n] "r"(depth)
                     : "q0", "q1", "q2", "q3", "lr", "memory");
    return sums;
}

/* The same; *sum becomes the sum of `shared`. */
NN_INLINE int32x4_t nn_dot_4_and_sum_mve(const int8_t *const rows[4], const int8_t *shared, int32_t depth,
                                         int32_t start, int32_t *sum)
{
#if defined(__OPTIMIZE__)
    const int8_t *r0 = rows[0];
    const int8_t *r1 = rows[1];
    const int8_t *r2 = rows[2];
    const int8_t *r3 = rows[3];
    int32_t a0 = start;
    int32_t a1 = start;
    int32_t a2 = start;
    int32_t a3 = start;
    int32_t total = 0;
    int32x4_t sums;
    __asm__ volatile("wlstp.8 lr, %[n], 2f\n"
                     "1:\n\t"
                     "vldrb.8 q0, [%[s]], #16\n\t"
                     "vaddva.s8 %[sum], q0\n\t"
                     "vldrb.8 q1, [%[r0]], #16\n\t"
                     "vmladava.s8 %[a0], q0, q1\n\t"
                     "vldrb.8 q2, [%[r1]], #16\n\t"
                     "vmladava.s8 %[a1], q0, q2\n\t"
                     "vldrb.8 q3, [%[r2]], #16\n\t"
                     "vmladava.s8 %[a2], q0, q3\n\t"
                     "vldrb.8 q1, [%[r3]], #16\n\t"
                     "vmladava.s8 %[a3], q0, q1\n\t"
                     "letp lr, 1b\n"
                     "2:\n\t"
                     "vmov %q[sums][2], %q[sums][0], %[a0], %[a2]\n\t"
                     "vmov %q[sums][3], %q[sums][1], %[a1], %[a3]"
                     : [s] "+r"(shared), [r0] "+r"(r0), [r1] "+r"(r1), [r2] "+r"(r2), [r3] "+r"(r3), [a0] "+Te"(a0),
                       [a1] "+Te"(a1), [a2] "+Te"(a2), [a3] "+Te"(a3), [sum] "+Te"(total), [sums] "=w"(sums)
                     : [n] "r"(depth)
                     : "q0", "q1", "q2", "q3", "lr", "memory");
    *sum = total;
    return sums;
#else
    /* Without optimization the assembly would ask for more registers than there are. */
    *sum = nn_sum(shared, depth);
    return nn_dot_4_mve(rows, shared, depth, start);
#endif
}

#endif

#endif
