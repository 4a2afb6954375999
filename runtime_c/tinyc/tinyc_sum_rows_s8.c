/* SPDX-License-Identifier: Apache-2.0 */
/* Neighbouring columns at a time, in int16 lanes where the core has them: 256 int8 fit one. */
#include "tinyc_kernels.h"
#include "tinyc_simd.h"

#if defined(TINYC_DSP)
#define FIT 256
#endif

#if defined(TINYC_MVE)

#define BLOCK 8

/* Adds the first `columns` (1 or more) of eight columns. */
static void add_block(int32_t rows, int32_t row, int32_t columns, const int8_t *x, int32_t *sums)
{
    const mve_pred16_t valid = vctp16q((uint32_t)columns);
    while (rows > 0) {
        const int32_t count = rows < FIT ? rows : FIT;
        int16x8_t sum = vdupq_n_s16(0);
        for (int32_t r = 0; r < count; ++r, x += row) {
            sum = vaddq_s16(sum, vldrbq_z_s16(x, valid));
        }
        rows -= count;
        int16_t lanes[BLOCK];
        vstrhq_s16(lanes, sum);
        for (int32_t first = 0; first < BLOCK && first < columns; first += 4) {
            const mve_pred16_t kept = vctp32q((uint32_t)(columns - first));
            const int32x4_t old = vldrwq_z_s32(sums + first, kept);
            vstrwq_p_s32(sums + first, vaddq_s32(old, vldrhq_s32(lanes + first)), kept);
        }
    }
}

#elif defined(TINYC_DSP)

#define BLOCK 4

static void add_block(int32_t rows, int32_t row, const int8_t *x, int32_t *sums)
{
    while (rows > 0) {
        const int32_t count = rows < FIT ? rows : FIT;
        uint32_t even = 0;
        uint32_t odd = 0;
        for (int32_t r = 0; r < count; ++r, x += row) {
            const uint32_t values = tinyc_load_s8x4(x);
            even = tinyc_add_even(even, values);
            odd = tinyc_add_odd(odd, values);
        }
        rows -= count;
        sums[0] += (int16_t)even;
        sums[1] += (int16_t)odd;
        sums[2] += (int16_t)(even >> 16);
        sums[3] += (int16_t)(odd >> 16);
    }
}

#else

#define BLOCK 4

static void add_block(int32_t rows, int32_t row, const int8_t *x, int32_t *sums)
{
    int32_t s0 = sums[0];
    int32_t s1 = sums[1];
    int32_t s2 = sums[2];
    int32_t s3 = sums[3];
    for (int32_t r = 0; r < rows; ++r, x += row) {
        s0 += x[0];
        s1 += x[1];
        s2 += x[2];
        s3 += x[3];
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

#endif

void tinyc_sum_rows_s8(int32_t rows, int32_t row, const int8_t *x, int32_t *sums)
{
    int32_t i = 0;
#if defined(TINYC_MVE)
    for (; i < row; i += BLOCK) {
        add_block(rows, row, row - i, x + i, sums + i);
    }
#else
    for (; i + BLOCK <= row; i += BLOCK) {
        add_block(rows, row, x + i, sums + i);
    }
    for (; i < row; ++i) {
        int32_t sum = 0;
        for (int32_t r = 0; r < rows; ++r) {
            sum += x[r * row + i];
        }
        sums[i] += sum;
    }
#endif
}
