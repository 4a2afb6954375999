/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_dot_rows.h"
#include "tinyc_kernels.h"

#define BLOCK 4

static int32_t dot(int32_t n, const int8_t *x, const int8_t *w, int32_t sum)
{
    for (int32_t i = 0; i < n; ++i) {
        sum += x[i] * w[i];
    }
    return sum;
}

void tinyc_dot_rows_s8(int32_t n, int32_t rows, int32_t step, int32_t start, const int8_t *x, const int8_t *w,
                       int32_t *sums)
{
    w += start;
    int32_t row = 0;
    for (; row + BLOCK <= rows; row += BLOCK, w += BLOCK * step) {
        const int32_t done = tinyc_dot_four_rows(n, step, x, w, sums + row);
        for (int32_t k = 0; done < n && k < BLOCK; ++k) {
            sums[row + k] = dot(n - done, x + done, w + k * step + done, sums[row + k]);
        }
    }
    for (; row < rows; ++row, w += step) {
        sums[row] = dot(n, x, w, sums[row]);
    }
}
