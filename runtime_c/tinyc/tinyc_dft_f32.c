/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every result is a sum over all that is taken: `length` steps around the circle make the whole table of angles. Places n
 * and length - n have the same cosine and opposite sines: they are added and subtracted first, which halves the products
 * and keeps what is symmetric exactly real.
 */
#include "tinyc_kernels.h"

typedef struct {
    float real, imaginary;
} number;

static number place(const tinyc_dft_params *params, const float *x, int32_t n)
{
    number found = {0.0f, 0.0f};
    if (n < params->taken) {
        found.real = x[n * params->parts];
        found.imaginary = params->parts > 1 ? x[n * params->parts + 1] : 0.0f;
    }
    return found;
}

static void one_result(const tinyc_dft_params *params, const float *circle, const float *x, int32_t k, float *y)
{
    const int32_t length = params->length;
    const float sign = (float)params->sign;
    number sum = place(params, x, 0);
    int32_t angle = k % length;
    int32_t n = 1;
    for (; 2 * n < length && n < params->taken; ++n) {
        const number a = place(params, x, n);
        number b = place(params, x, length - n);
        if (params->mirrored) {
            b.real = a.real;
            b.imaginary = -a.imaginary;
        }
        const float cosine = circle[2 * angle];
        const float sine = sign * circle[2 * angle + 1];
        sum.real += (a.real + b.real) * cosine - (a.imaginary - b.imaginary) * sine;
        sum.imaginary += (a.imaginary + b.imaginary) * cosine + (a.real - b.real) * sine;
        angle += k;
        angle -= angle >= length ? length : 0;
    }
    if (2 * n == length) {
        const number middle = place(params, x, n);
        sum.real += (k & 1) != 0 ? -middle.real : middle.real;
        sum.imaginary += (k & 1) != 0 ? -middle.imaginary : middle.imaginary;
    }
    y[0] = sum.real * params->factor;
    if (params->result_parts > 1) {
        y[1] = sum.imaginary * params->factor;
    }
}

void tinyc_dft_f32(const tinyc_dft_params *params, const float *circle, const float *x, float *y)
{
    for (int32_t line = 0; line < params->lines; ++line, x += params->places * params->parts) {
        for (int32_t k = 0; k < params->results; ++k, y += params->result_parts) {
            one_result(params, circle, x, k, y);
        }
    }
}
