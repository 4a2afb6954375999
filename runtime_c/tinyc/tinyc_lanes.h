/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: words of four int8 in elementwise kernels; on cores without an instruction for it, the same from others. */
#ifndef TINYC_LANES_H
#define TINYC_LANES_H

#include "tinyc_simd.h"
#include "tinyc_stage.h"

/* Bytes 0 to 3 of the result are the lowest bytes of a to d. */
TINYC_ALWAYS_INLINE uint32_t tinyc_bytes(int32_t a, int32_t b, int32_t c, int32_t d)
{
#if defined(__thumb2__)
    uint32_t word = (uint32_t)a;
    __asm__("bfi %0, %1, #8, #8" : "+r"(word) : "r"(b));
    __asm__("bfi %0, %1, #16, #8" : "+r"(word) : "r"(c));
    __asm__("bfi %0, %1, #24, #8" : "+r"(word) : "r"(d));
    return word;
#else
    return ((uint32_t)a & 0xFFu) | ((uint32_t)b & 0xFFu) << 8 | ((uint32_t)c & 0xFFu) << 16 | (uint32_t)d << 24;
#endif
}

#if defined(TINYC_DSP)

/* Products of int16 halves, l the low and h the high one, plus acc. */
TINYC_ALWAYS_INLINE int32_t tinyc_mla_ll(uint32_t a, uint32_t b, int32_t acc)
{
    int32_t out;
    __asm__("smlabb %0, %1, %2, %3" : "=r"(out) : "r"(a), "r"(b), "r"(acc));
    return out;
}

TINYC_ALWAYS_INLINE int32_t tinyc_mla_hl(uint32_t a, uint32_t b, int32_t acc)
{
    int32_t out;
    __asm__("smlatb %0, %1, %2, %3" : "=r"(out) : "r"(a), "r"(b), "r"(acc));
    return out;
}

TINYC_ALWAYS_INLINE int32_t tinyc_mla_lh(uint32_t a, uint32_t b, int32_t acc)
{
    int32_t out;
    __asm__("smlabt %0, %1, %2, %3" : "=r"(out) : "r"(a), "r"(b), "r"(acc));
    return out;
}

TINYC_ALWAYS_INLINE int32_t tinyc_mla_hh(uint32_t a, uint32_t b, int32_t acc)
{
    int32_t out;
    __asm__("smlatt %0, %1, %2, %3" : "=r"(out) : "r"(a), "r"(b), "r"(acc));
    return out;
}

TINYC_ALWAYS_INLINE int32_t tinyc_mul_ll(uint32_t a, uint32_t b)
{
    int32_t out;
    __asm__("smulbb %0, %1, %2" : "=r"(out) : "r"(a), "r"(b));
    return out;
}

TINYC_ALWAYS_INLINE int32_t tinyc_mul_hh(uint32_t a, uint32_t b)
{
    int32_t out;
    __asm__("smultt %0, %1, %2" : "=r"(out) : "r"(a), "r"(b));
    return out;
}

#endif

#endif
