/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: one over a square root in fixed point, the same bits on every core; tinyc/ops/_roots.py says how exact. */
#ifndef TINYC_ROOTS_H
#define TINYC_ROOTS_H

#include <stdint.h>

#define TINYC_UNIT_BITS 62

/* value * 2^(shift - TINYC_UNIT_BITS) */
typedef struct {
    uint32_t value; /* in (2^30, 2^31 + 8] */
    int32_t shift;
} tinyc_root;

/* 1 / sqrt(x); x in [1, 2^62). A line is near it, Newton's method does the rest. */
static inline tinyc_root tinyc_inverse_root(uint64_t x)
{
    const uint32_t high = (uint32_t)(x >> 32);
    const int32_t zeros = high != 0 ? __builtin_clz(high) : 32 + __builtin_clz((uint32_t)x);
    const int32_t shift = zeros >> 1;
    const uint64_t top = (x << 2 * shift) >> 32;
    uint32_t r = 2289969188u - (uint32_t)(1308569161u * top >> 32);
    for (int32_t step = 0; step < 4; ++step) {
        const uint32_t square = (uint32_t)((uint64_t)r * r >> 32);
        const uint32_t rest = (3u << 28) - (uint32_t)(square * top >> 32);
        r = (uint32_t)((uint64_t)r * rest >> 29);
    }
    const tinyc_root root = {r, shift};
    return root;
}

#endif
