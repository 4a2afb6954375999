/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions of the DSP extension on packed values. A word holds four int8 or two int16, lane 0 lowest. Expanding four
 * int8 gives two words: lanes 0 and 2, and lanes 1 and 3; products of two words expanded alike pair up correctly.
 */
#ifndef NN_SIMD_H
#define NN_SIMD_H

#include "nn_target.h"

#include <string.h>

#if defined(ARM_MATH_DSP)

/* Four int8 at any address. */
NN_INLINE uint32_t nn_load_s8x4(const int8_t *from)
{
    uint32_t word;
    memcpy(&word, from, sizeof word);
    return word;
}

/* The same, stored. */
NN_INLINE void nn_store_s8x4(int8_t *to, uint32_t word)
{
    memcpy(to, &word, sizeof word);
}

/* The first `count` (1 to 3) of four int8, the others zero; reads no byte beyond them. */
NN_INLINE uint32_t nn_load_s8_tail(const int8_t *from, int32_t count)
{
    uint32_t word = (uint8_t)from[0];
    if (count > 1)
    {
        word |= (uint32_t)(uint8_t)from[1] << 8;
    }
    if (count > 2)
    {
        word |= (uint32_t)(uint8_t)from[2] << 16;
    }
    return word;
}

/* The int16 `value` in both lanes. */
NN_INLINE uint32_t nn_dup_s16(int32_t value)
{
    return ((uint32_t)value & 0xFFFFu) * 0x10001u;
}

/* Lanes 0 and 2 of four int8. */
NN_INLINE uint32_t nn_even(uint32_t bytes)
{
    uint32_t out;
    __asm__("sxtb16 %0, %1" : "=r"(out) : "r"(bytes));
    return out;
}

/* Lanes 1 and 3 of four int8. */
NN_INLINE uint32_t nn_odd(uint32_t bytes)
{
    uint32_t out;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(out) : "r"(bytes));
    return out;
}

/* Two int16 sums: add + lanes 0 and 2 of four int8. */
NN_INLINE uint32_t nn_add_even(uint32_t add, uint32_t bytes)
{
    uint32_t out;
    __asm__("sxtab16 %0, %1, %2" : "=r"(out) : "r"(add), "r"(bytes));
    return out;
}

/* Two int16 sums: add + lanes 1 and 3 of four int8. */
NN_INLINE uint32_t nn_add_odd(uint32_t add, uint32_t bytes)
{
    uint32_t out;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(out) : "r"(add), "r"(bytes));
    return out;
}

/* acc + a.0 * b.0 + a.1 * b.1, int16 lanes. */
NN_INLINE int32_t nn_dot2(uint32_t a, uint32_t b, int32_t acc)
{
    int32_t out;
    __asm__("smlad %0, %1, %2, %3" : "=r"(out) : "r"(a), "r"(b), "r"(acc));
    return out;
}

/* acc + a.0 * b.0, int16 lanes. */
NN_INLINE int32_t nn_mla_low(uint32_t a, uint32_t b, int32_t acc)
{
    int32_t out;
    __asm__("smlabb %0, %1, %2, %3" : "=r"(out) : "r"(a), "r"(b), "r"(acc));
    return out;
}

/* acc + a.1 * b.1, int16 lanes. */
NN_INLINE int32_t nn_mla_high(uint32_t a, uint32_t b, int32_t acc)
{
    int32_t out;
    __asm__("smlatt %0, %1, %2, %3" : "=r"(out) : "r"(a), "r"(b), "r"(acc));
    return out;
}

/* acc + a.0 * b.1, int16 lanes. */
NN_INLINE int32_t nn_mla_low_high(uint32_t a, uint32_t b, int32_t acc)
{
    int32_t out;
    __asm__("smlabt %0, %1, %2, %3" : "=r"(out) : "r"(a), "r"(b), "r"(acc));
    return out;
}

/* The larger of each pair of int8 lanes. */
NN_INLINE uint32_t nn_max_s8x4(uint32_t a, uint32_t b)
{
    uint32_t out;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(out) : "r"(a), "r"(b));
    return out;
}

/* The smaller of each pair of int8 lanes. */
NN_INLINE uint32_t nn_min_s8x4(uint32_t a, uint32_t b)
{
    uint32_t out;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %2, %1" : "=&r"(out) : "r"(a), "r"(b));
    return out;
}

#endif

#endif
