/* SPDX-License-Identifier: Apache-2.0 */
/* The sum of `count` int8. */
#ifndef NN_SUM_H
#define NN_SUM_H

#include "nn_simd.h"
#include "nn_target.h"

#if defined(ARM_MATH_MVEI)

NN_INLINE int32_t nn_sum(const int8_t *x, int32_t count)
{
    int32_t sum = 0;
    __asm__ volatile("wlstp.8 lr, %[n], 2f\n"
                     "1:\n\t"
                     "vldrb.8 q0, [%[x]], #16\n\t"
                     "vaddva.s8 %[sum], q0\n\t"
                     "letp lr, 1b\n"
                     "2:"
                     : [x] "+r"(x), [sum] "+Te"(sum)
                     : [n] "r"(count)
                     : "q0", "lr", "memory");
    return sum;
}

#elif defined(ARM_MATH_DSP)

NN_INLINE int32_t nn_sum(const int8_t *x, int32_t count)
{
    int32_t sum = 0;
    for (const int8_t *end = x + (count & ~3); x != end; x += 4)
    {
        const uint32_t a = nn_load_s8x4(x);
        sum = nn_dot2(nn_add_odd(nn_even(a), a), 0x10001u, sum);
    }
    for (int32_t i = 0; i < (count & 3); i++)
    {
        sum += x[i];
    }
    return sum;
}

#else

NN_INLINE int32_t nn_sum(const int8_t *x, int32_t count)
{
    int32_t sum = 0;
    for (const int8_t *end = x + count; x != end; x++)
    {
        sum += *x;
    }
    return sum;
}

#endif

#endif
