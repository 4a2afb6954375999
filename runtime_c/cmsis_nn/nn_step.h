/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of the inner loops on cores with the DSP extension: four values each, see nn_dot.h. */
#ifndef NN_STEP_H
#define NN_STEP_H

#include "nn_simd.h"
#include "nn_target.h"

#if defined(ARM_MATH_DSP)

/* A word of a column. */
typedef uint32_t nn_column;

/*
 * Assembly, since every register is needed and the compiler would spill pointers. It reads memory and writes none.
 * Two columns by two filters:
 */
NN_INLINE void nn_step_columns_2x2(const nn_column **x, const int8_t **w, int32_t depth, int32_t acc[4])
{
    uint32_t even0;
    uint32_t odd0;
    uint32_t even1;
    uint32_t odd1;
    uint32_t t;
    uint32_t u;
    __asm__("ldrd %[even0], %[odd0], [%[x]], #8\n\t"
            "ldr %[u], [%[w], %[depth]]\n\t"
            "ldrd %[even1], %[odd1], [%[x]], #8\n\t"
            "sxtb16 %[t], %[u]\n\t"
            "sxtb16 %[u], %[u], ror #8\n\t"
            "smlad %[a1], %[even0], %[t], %[a1]\n\t"
            "smlad %[a3], %[even1], %[t], %[a3]\n\t"
            "smlad %[a1], %[odd0], %[u], %[a1]\n\t"
            "smlad %[a3], %[odd1], %[u], %[a3]\n\t"
            "ldr %[u], [%[w]], #4\n\t"
            "sxtb16 %[t], %[u]\n\t"
            "sxtb16 %[u], %[u], ror #8\n\t"
            "smlad %[a0], %[even0], %[t], %[a0]\n\t"
            "smlad %[a2], %[even1], %[t], %[a2]\n\t"
            "smlad %[a0], %[odd0], %[u], %[a0]\n\t"
            "smlad %[a2], %[odd1], %[u], %[a2]"
            : [x] "+r"(*x), [w] "+r"(*w), [a0] "+r"(acc[0]), [a1] "+r"(acc[1]), [a2] "+r"(acc[2]), [a3] "+r"(acc[3]),
              [even0] "=&r"(even0), [odd0] "=&r"(odd0), [even1] "=&r"(even1), [odd1] "=&r"(odd1), [t] "=&r"(t),
              [u] "=&r"(u)
            : [depth] "r"(depth)
            : "memory");
}

/* A function for two rows that lie `depth` << SHIFT apart. */
#define NN_DEFINE_STEP_ROWS_2X2(NAME, SHIFT)                                                                           \
    NN_INLINE void NAME(const int8_t **x, const int8_t **w, int32_t depth, int32_t acc[4])                             \
    {                                                                                                                  \
        uint32_t even0;                                                                                                \
        uint32_t odd0;                                                                                                 \
        uint32_t even1;                                                                                                \
        uint32_t odd1;                                                                                                 \
        uint32_t t;                                                                                                    \
        uint32_t u;                                                                                                    \
        __asm__("ldr %[odd1], [%[x], %[depth], lsl #" SHIFT "]\n\t"                                                    \
                "ldr %[odd0], [%[x]], #4\n\t"                                                                          \
                "ldr %[u], [%[w], %[depth]]\n\t"                                                                       \
                "sxtb16 %[even0], %[odd0]\n\t"                                                                         \
                "sxtb16 %[odd0], %[odd0], ror #8\n\t"                                                                  \
                "sxtb16 %[even1], %[odd1]\n\t"                                                                         \
                "sxtb16 %[odd1], %[odd1], ror #8\n\t"                                                                  \
                "sxtb16 %[t], %[u]\n\t"                                                                                \
                "sxtb16 %[u], %[u], ror #8\n\t"                                                                        \
                "smlad %[a1], %[even0], %[t], %[a1]\n\t"                                                               \
                "smlad %[a3], %[even1], %[t], %[a3]\n\t"                                                               \
                "smlad %[a1], %[odd0], %[u], %[a1]\n\t"                                                                \
                "smlad %[a3], %[odd1], %[u], %[a3]\n\t"                                                                \
                "ldr %[u], [%[w]], #4\n\t"                                                                             \
                "sxtb16 %[t], %[u]\n\t"                                                                                \
                "sxtb16 %[u], %[u], ror #8\n\t"                                                                        \
                "smlad %[a0], %[even0], %[t], %[a0]\n\t"                                                               \
                "smlad %[a2], %[even1], %[t], %[a2]\n\t"                                                               \
                "smlad %[a0], %[odd0], %[u], %[a0]\n\t"                                                                \
                "smlad %[a2], %[odd1], %[u], %[a2]"                                                                    \
                : [x] "+r"(*x), [w] "+r"(*w), [a0] "+r"(acc[0]), [a1] "+r"(acc[1]), [a2] "+r"(acc[2]),                 \
                  [a3] "+r"(acc[3]), [even0] "=&r"(even0), [odd0] "=&r"(odd0), [even1] "=&r"(even1),                   \
                  [odd1] "=&r"(odd1), [t] "=&r"(t), [u] "=&r"(u)                                                       \
                : [depth] "r"(depth)                                                                                   \
                : "memory");                                                                                           \
    }

NN_DEFINE_STEP_ROWS_2X2(nn_step_rows_2x2, "0")
NN_DEFINE_STEP_ROWS_2X2(nn_step_spaced_rows_2x2, "1")

/* acc + four values, expanded, by one filter's. */
NN_INLINE int32_t nn_step(uint32_t even, uint32_t odd, uint32_t w, int32_t acc)
{
    return nn_dot2(odd, nn_odd(w), nn_dot2(even, nn_even(w), acc));
}

/* One row, `add` (two int16) added to it, by four filters; w2 is the third. */
NN_INLINE void nn_step_row_1x4(const int8_t **x, uint32_t add, const int8_t **w, const int8_t **w2, int32_t depth,
                               int32_t acc[4])
{
#if defined(__OPTIMIZE__)
    uint32_t even;
    uint32_t odd;
    uint32_t t;
    uint32_t u;
    __asm__("ldr %[u], [%[x]], #4\n\t"
            "sxtab16 %[even], %[add], %[u]\n\t"
            "sxtab16 %[odd], %[add], %[u], ror #8\n\t"
            "ldr %[u], [%[w], %[depth]]\n\t"
            "sxtb16 %[t], %[u]\n\t"
            "sxtb16 %[u], %[u], ror #8\n\t"
            "smlad %[a1], %[even], %[t], %[a1]\n\t"
            "smlad %[a1], %[odd], %[u], %[a1]\n\t"
            "ldr %[u], [%[w]], #4\n\t"
            "sxtb16 %[t], %[u]\n\t"
            "sxtb16 %[u], %[u], ror #8\n\t"
            "smlad %[a0], %[even], %[t], %[a0]\n\t"
            "smlad %[a0], %[odd], %[u], %[a0]\n\t"
            "ldr %[u], [%[w2], %[depth]]\n\t"
            "sxtb16 %[t], %[u]\n\t"
            "sxtb16 %[u], %[u], ror #8\n\t"
            "smlad %[a3], %[even], %[t], %[a3]\n\t"
            "smlad %[a3], %[odd], %[u], %[a3]\n\t"
            "ldr %[u], [%[w2]], #4\n\t"
            "sxtb16 %[t], %[u]\n\t"
            "sxtb16 %[u], %[u], ror #8\n\t"
            "smlad %[a2], %[even], %[t], %[a2]\n\t"
            "smlad %[a2], %[odd], %[u], %[a2]"
            : [x] "+r"(*x), [w] "+r"(*w), [w2] "+r"(*w2), [a0] "+r"(acc[0]), [a1] "+r"(acc[1]), [a2] "+r"(acc[2]),
              [a3] "+r"(acc[3]), [even] "=&r"(even), [odd] "=&r"(odd), [t] "=&r"(t), [u] "=&r"(u)
            : [add] "r"(add), [depth] "r"(depth)
            : "memory");
#else
    /* Without optimization the assembly would ask for more registers than there are. */
    const uint32_t a = nn_load_s8x4(*x);
    const uint32_t even = nn_add_even(add, a);
    const uint32_t odd = nn_add_odd(add, a);
    acc[0] = nn_step(even, odd, nn_load_s8x4(*w), acc[0]);
    acc[1] = nn_step(even, odd, nn_load_s8x4(*w + depth), acc[1]);
    acc[2] = nn_step(even, odd, nn_load_s8x4(*w2), acc[2]);
    acc[3] = nn_step(even, odd, nn_load_s8x4(*w2 + depth), acc[3]);
    *x += 4;
    *w += 4;
    *w2 += 4;
#endif
}

#endif

#endif
