/* SPDX-License-Identifier: Apache-2.0 */
/* Gaussian elimination with the largest element of each column as pivot, on a copy of the matrix. */
#include "tinyc_kernels.h"

static float magnitude(float a)
{
    return a < 0.0f ? -a : a;
}

static void swap_rows(float *a, float *b, int32_t size)
{
    for (int32_t i = 0; i < size; ++i) {
        const float kept = a[i];
        a[i] = b[i];
        b[i] = kept;
    }
}

static float eliminate(float *matrix, int32_t size)
{
    float product = 1.0f;
    for (int32_t column = 0; column < size; ++column) {
        float *const top = matrix + column * size;
        int32_t pivot = column;
        for (int32_t row = column + 1; row < size; ++row) {
            if (magnitude(matrix[row * size + column]) > magnitude(matrix[pivot * size + column])) {
                pivot = row;
            }
        }
        if (pivot != column) {
            swap_rows(top, matrix + pivot * size, size);
            product = -product;
        }
        product *= top[column];
        if (top[column] == 0.0f) {
            break;
        }
        for (int32_t row = column + 1; row < size; ++row) {
            const float factor = matrix[row * size + column] / top[column];
            for (int32_t i = column; i < size; ++i) {
                matrix[row * size + i] -= factor * top[i];
            }
        }
    }
    return product;
}

void tinyc_det_f32(int32_t matrices, int32_t size, float *workspace, const float *x, float *y)
{
    for (int32_t m = 0; m < matrices; ++m, x += size * size) {
        for (int32_t i = 0; i < size * size; ++i) {
            workspace[i] = x[i];
        }
        y[m] = eliminate(workspace, size);
    }
}
