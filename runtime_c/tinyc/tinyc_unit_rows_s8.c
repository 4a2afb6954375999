/* SPDX-License-Identifier: Apache-2.0 */
/* As TensorFlow Lite Micro has it, after gemmlowp: Newton's method with three bits before the point and 28 behind it. */
#include "tinyc_kernels.h"
#include "tinyc_requantize.h"

#define STEPS 5
#define POINT 28
#define HALF_ROOT_OF_2 1518500250

typedef struct {
    int32_t multiplier, shift;
} scaling;

/* a * b / 2^31 to nearest, ties up; not both are -2^31. */
static int32_t times(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
}

/* value * 2^bits, saturated. */
static int32_t raised(int32_t value, int32_t bits)
{
    const int32_t limit = INT32_MAX >> bits;
    if (value > limit) {
        return INT32_MAX;
    }
    return value < -limit - 1 ? INT32_MIN : value * (1 << bits);
}

/* 1 / sqrt(total), of which 0 counts as 1. */
static scaling inverse_root(int32_t total)
{
    scaling found = {INT32_MAX, 0};
    if (total <= 1) {
        return found;
    }
    int32_t right = 11;
    if (total >= 1 << 29) {
        total >>= 2;
        ++right;
    }
    for (; total < 1 << 27; total *= 4) {
        --right;
    }
    const int32_t half = ((total >> 1) + 1) >> 1;
    int32_t root = 1 << POINT;
    for (int32_t step = 0; step < STEPS; ++step) {
        const int32_t cube = raised(times(times(root, root), root), 6);
        root = raised(times(root, 3 << (POINT - 1)) - times(half, cube), 3);
    }
    root = times(root, HALF_ROOT_OF_2);
    found.multiplier = right < 0 ? root * (1 << -right) : root;
    found.shift = right < 0 ? 0 : -right;
    return found;
}

void tinyc_unit_rows_s8(int32_t rows, int32_t n, int32_t zero_point, const int8_t *x, int8_t *y)
{
    for (int32_t row = 0; row < rows; ++row, x += n, y += n) {
        int32_t total = 0;
        for (int32_t i = 0; i < n; ++i) {
            total += (x[i] - zero_point) * (x[i] - zero_point);
        }
        const scaling by = inverse_root(total);
        for (int32_t i = 0; i < n; ++i) {
            const int32_t value = tinyc_requantized(x[i] - zero_point, by.multiplier, by.shift + 7);
            y[i] = (int8_t)(value > 127 ? 127 : value < -128 ? -128 : value);
        }
    }
}
