/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal: the DSP extension on packed int8. A word holds four, lane 0 lowest; they expand to two words of two int16,
 * lanes 0 and 2 (even), and lanes 1 and 3 (odd). TINYC_DSP and TINYC_MVE say what the core has.
 */
#ifndef TINYC_SIMD_H
#define TINYC_SIMD_H

#include <stdint.h>
#include <string.h>

#if defined(__ARM_FEATURE_DSP)
#define TINYC_DSP 1
#endif

#if defined(__ARM_FEATURE_MVE)
#define TINYC_MVE 1
#include <arm_mve.h>
#endif

#if defined(TINYC_DSP)

/* Four int8 at any address. */
static inline uint32_t tinyc_load_s8x4(const int8_t *from)
{
    uint32_t word;
    (void)memcpy(&word, from, sizeof word);
    return word;
}

static inline void tinyc_store_s8x4(int8_t *to, uint32_t word)
{
    (void)memcpy(to, &word, sizeof word);
}

static inline uint32_t tinyc_even(uint32_t bytes)
{
    uint32_t out;
    __asm__("sxtb16 %0, %1" : "=r"(out) : "r"(bytes));
    return out;
}

static inline uint32_t tinyc_odd(uint32_t bytes)
{
    uint32_t out;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(out) : "r"(bytes));
    return out;
}

/* Two int16 sums and the even lanes of four int8. */
static inline uint32_t tinyc_add_even(uint32_t sums, uint32_t bytes)
{
    uint32_t out;
    __asm__("sxtab16 %0, %1, %2" : "=r"(out) : "r"(sums), "r"(bytes));
    return out;
}

static inline uint32_t tinyc_add_odd(uint32_t sums, uint32_t bytes)
{
    uint32_t out;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(out) : "r"(sums), "r"(bytes));
    return out;
}

/* acc + a.0 * b.0 + a.1 * b.1, int16 lanes. */
static inline int32_t tinyc_dot2(uint32_t a, uint32_t b, int32_t acc)
{
    int32_t out;
    __asm__("smlad %0, %1, %2, %3" : "=r"(out) : "r"(a), "r"(b), "r"(acc));
    return out;
}

/* The larger of each pair of int8 lanes. */
static inline uint32_t tinyc_max_s8x4(uint32_t a, uint32_t b)
{
    uint32_t out;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(out) : "r"(a), "r"(b));
    return out;
}

#endif

#endif
