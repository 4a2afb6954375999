/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal: a dense layer for cores without the DSP extension, made for its constants; see tinyc_kernels.h.
 *
 * Values and weights are taken 128 too high, so that all are unsigned. Then two of the four weights of a word, once they
 * are 24 bits apart, share a product of 64 bits, and their sums part again as long as the lower one stays within 24 bits.
 * Another product is of the word as it is; less those two sums it has the other two, 24 bits apart as well.
 */
#ifndef TINYC_DENSE_PLAIN_S8_H
#define TINYC_DENSE_PLAIN_S8_H

#include "tinyc_stage.h"

#define TINYC_DENSE_FIT 256 /* products of bytes whose sum fits 24 bits */

/* The value 128 above that of x. */
TINYC_ALWAYS_INLINE uint32_t tinyc_dense_plain_value(const int8_t *x)
{
    return *(const uint8_t *)x ^ 128u;
}

/* Adds up the products of `count` values, at most TINYC_DENSE_FIT, with four weights each. */
TINYC_ALWAYS_INLINE void tinyc_dense_plain_sums(int32_t count, const int8_t *x, const uint32_t *w, uint32_t *sums)
{
#if defined(__thumb__) && !defined(__thumb2__)
    uint32_t s0 = 0;
    uint32_t s1 = 0;
    uint32_t s2 = 0;
    uint32_t s3 = 0;
    const uint8_t *weight = (const uint8_t *)w;
#pragma GCC unroll 4
    for (int32_t k = 0; k < count; ++k, weight += 4) {
        const uint32_t value = tinyc_dense_plain_value(x + k);
        s0 += weight[0] * value;
        s1 += weight[1] * value;
        s2 += weight[2] * value;
        s3 += weight[3] * value;
    }
    sums[0] += s0;
    sums[1] += s1;
    sums[2] += s2;
    sums[3] += s3;
#else
    uint64_t all = 0;
    uint64_t inner = 0;
#pragma GCC unroll 8
    for (int32_t k = 0; k < count; ++k) {
        const uint32_t value = tinyc_dense_plain_value(x + k);
        all += (uint64_t)w[k] * value;
        inner += (uint64_t)((w[k] >> 16 | w[k] << 16) & 0xFF0000FFu) * value;
    }
    const uint32_t s1 = (uint32_t)(inner >> 24);
    const uint32_t s2 = (uint32_t)inner & 0xFFFFFFu;
    const uint64_t outer = all - ((uint64_t)s1 << 8) - ((uint64_t)s2 << 16);
    sums[0] += (uint32_t)outer & 0xFFFFFFu;
    sums[1] += s1;
    sums[2] += s2;
    sums[3] += (uint32_t)(outer >> 24);
#endif
}

TINYC_ALWAYS_INLINE void tinyc_dense_plain_s8_inline(const tinyc_dense_plain_params *p, const int8_t *x,
                                                     const int32_t *w, int8_t *y)
{
    for (int32_t row = 0; row < p->rows; ++row, x += p->depth, y += p->out) {
        int32_t above = 128 * p->depth; /* what the height of the weights adds to a sum, in units of 128 */
#pragma GCC unroll 4
        for (int32_t k = 0; k < p->depth; ++k) {
            above += x[k];
        }
        const int32_t *block = w;
        for (int32_t o = 0; o < p->out; o += 4) {
            const int32_t *const scales = block + 4;
            const uint32_t *weights = (const uint32_t *)(scales + 4 * TINYC_SCALE_WORDS);
            uint32_t sums[4] = {0, 0, 0, 0};
            for (int32_t k = 0; k < p->depth; k += TINYC_DENSE_FIT) {
                const int32_t left = p->depth - k;
                tinyc_dense_plain_sums(left < TINYC_DENSE_FIT ? left : TINYC_DENSE_FIT, x + k, weights + k, sums);
            }
            for (int32_t i = 0; i < 4 && o + i < p->out; ++i) {
                const int32_t sum = (int32_t)sums[i] - 128 * above + block[i];
                y[o + i] = tinyc_result(&p->stage, sum, scales + i * TINYC_SCALE_WORDS);
            }
            block = scales + 4 * TINYC_SCALE_WORDS + p->depth;
        }
    }
}

#endif
