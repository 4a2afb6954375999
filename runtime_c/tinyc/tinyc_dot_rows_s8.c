/* SPDX-License-Identifier: Apache-2.0 */
/* Four rows of w at a time, so that x is loaded and expanded once for all. */
#include "tinyc_kernels.h"
#include "tinyc_simd.h"

#define BLOCK 4

static int32_t dot(int32_t n, const int8_t *x, const int8_t *w, int32_t sum)
{
    for (int32_t i = 0; i < n; ++i) {
        sum += x[i] * w[i];
    }
    return sum;
}

/* How many of n elements add_block took; dot takes the rest. */
#if defined(TINYC_MVE)

static int32_t add_block(int32_t n, int32_t step, const int8_t *x, const int8_t *w, int32_t *sums)
{
    const int8_t *const w2 = w + 2 * step;
    int32_t s0 = sums[0];
    int32_t s1 = sums[1];
    int32_t s2 = sums[2];
    int32_t s3 = sums[3];
    for (int32_t i = 0; i < n; i += 16) {
        const mve_pred16_t valid = vctp8q((uint32_t)(n - i));
        const int8x16_t value = vldrbq_z_s8(x + i, valid);
        s0 = vmladavaq_s8(s0, value, vldrbq_z_s8(w + i, valid));
        s1 = vmladavaq_s8(s1, value, vldrbq_z_s8(w + step + i, valid));
        s2 = vmladavaq_s8(s2, value, vldrbq_z_s8(w2 + i, valid));
        s3 = vmladavaq_s8(s3, value, vldrbq_z_s8(w2 + step + i, valid));
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
    return n;
}

#elif defined(TINYC_DSP)

static inline int32_t dot4(uint32_t even, uint32_t odd, const int8_t *w, int32_t sum)
{
    const uint32_t factors = tinyc_load_s8x4(w);
    return tinyc_dot2(odd, tinyc_odd(factors), tinyc_dot2(even, tinyc_even(factors), sum));
}

static int32_t add_block(int32_t n, int32_t step, const int8_t *x, const int8_t *w, int32_t *sums)
{
    const int8_t *w2 = w + 2 * step;
    int32_t s0 = sums[0];
    int32_t s1 = sums[1];
    int32_t s2 = sums[2];
    int32_t s3 = sums[3];
    for (const int8_t *const end = x + (n & ~3); x != end; x += 4, w += 4, w2 += 4) {
        const uint32_t values = tinyc_load_s8x4(x);
        const uint32_t even = tinyc_even(values);
        const uint32_t odd = tinyc_odd(values);
        s0 = dot4(even, odd, w, s0);
        s1 = dot4(even, odd, w + step, s1);
        s2 = dot4(even, odd, w2, s2);
        s3 = dot4(even, odd, w2 + step, s3);
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
    return n & ~3;
}

#else

static int32_t add_block(int32_t n, int32_t step, const int8_t *x, const int8_t *w, int32_t *sums)
{
    const int8_t *const w2 = w + 2 * step;
    int32_t s0 = sums[0];
    int32_t s1 = sums[1];
    int32_t s2 = sums[2];
    int32_t s3 = sums[3];
    for (int32_t i = 0; i < n; ++i) {
        const int32_t value = x[i];
        s0 += value * w[i];
        s1 += value * w[step + i];
        s2 += value * w2[i];
        s3 += value * w2[step + i];
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
    return n;
}

#endif

void tinyc_dot_rows_s8(int32_t n, int32_t rows, int32_t step, int32_t start, const int8_t *x, const int8_t *w,
                       int32_t *sums)
{
    w += start;
    int32_t row = 0;
    for (; row + BLOCK <= rows; row += BLOCK, w += BLOCK * step) {
        const int32_t done = add_block(n, step, x, w, sums + row);
        for (int32_t k = 0; done < n && k < BLOCK; ++k) {
            sums[row + k] = dot(n - done, x + done, w + k * step + done, sums[row + k]);
        }
    }
    for (; row < rows; ++row, w += step) {
        sums[row] = dot(n, x, w, sums[row]);
    }
}
