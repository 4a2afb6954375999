/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two passes over a row: exact sums, then y = (q * n - sum) / root, all in fixed point. With n * q - sum = root * normal
 * an element is q * (n / root) - sum / root, whose factors belong to the row; what overflows on the way comes back.
 */
#include "tinyc_kernels.h"
#include "tinyc_roots.h"
#include "tinyc_simd.h"
#include "tinyc_stage.h"

typedef struct {
    int32_t total, squares;
} sums_of_row;

static sums_of_row add_up(int32_t n, const int8_t *x)
{
    sums_of_row sums = {0, 0};
    int32_t i = 0;
#if defined(TINYC_DSP)
    for (; i + 4 <= n; i += 4) {
        const uint32_t four = tinyc_load_s8x4(x + i);
        const uint32_t even = tinyc_even(four);
        const uint32_t odd = tinyc_odd(four);
        sums.squares = tinyc_dot2(even, even, tinyc_dot2(odd, odd, sums.squares));
        sums.total = tinyc_dot2(even, 0x00010001u, tinyc_dot2(odd, 0x00010001u, sums.total));
    }
#endif
    for (; i < n; ++i) {
        sums.total += x[i];
        sums.squares += x[i] * x[i];
    }
    return sums;
}

/* value / 2^drop to nearest, of which the low word counts. */
static int32_t rounded(int64_t value, int32_t drop)
{
    return (int32_t)(uint32_t)(uint64_t)((value + ((int64_t)1 << (drop - 1))) >> drop);
}

void tinyc_normalize_s8(const tinyc_normalize_params *params, const int8_t *x, const int32_t *scales, int8_t *y)
{
    const tinyc_normalize_params p = *params; /* a copy, which no store of a result can change */
    const int64_t epsilon = ((int64_t)p.epsilon_high << 31) + p.epsilon_low;
    for (int32_t row = 0; row < p.rows; ++row, x += p.n, y += p.n) {
        const sums_of_row sums = add_up(p.n, x);
        int64_t start = sums.total;
        int64_t spread = (int64_t)p.n * sums.squares - start * start;
        if (p.centred == 0) {
            start = (int64_t)p.n * p.zero_point;
            spread = p.n * (sums.squares - 2 * (int64_t)p.zero_point * sums.total + start * p.zero_point);
        }
        const tinyc_root root = tinyc_inverse_root(((uint64_t)spread << 2 * p.finer) + (uint64_t)epsilon);
        int32_t drop = TINYC_UNIT_BITS - p.bits - root.shift - p.finer;
        drop = drop < 1 ? 1 : drop; /* only where all elements are the same */
        const uint32_t factor = (uint32_t)rounded((int64_t)p.n * root.value, drop);
        const uint32_t first = (uint32_t)rounded(start * root.value, drop);
        const int32_t *scale = scales;
        for (int32_t i = 0; i < p.n; ++i, scale += 2) {
            const int32_t normal = (int32_t)((uint32_t)x[i] * factor - first);
            y[i] = (int8_t)tinyc_saturated(tinyc_signed_high_product(normal, scale[0], scale[1]), p.right);
        }
    }
}
