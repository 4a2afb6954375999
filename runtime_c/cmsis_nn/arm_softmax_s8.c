/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Softmax in fixed point after gemmlowp: exp(x) for x <= 0 is a polynomial on [-1/4, 0) times one factor exp(-2^k) for
 * each bit of the rest; the reciprocal of the sum takes three steps of Newton's method. Qm.n has m bits before the point.
 */
#include "arm_nnfunctions.h"
#include "nn_requantize.h"

/* Fraction bits of the scaled differences (Q5.26) and integer bits of the sum of exponentials (Q12.19). */
#define NN_INPUT_FRACTION 26
#define NN_SUM_INTEGER 12

NN_INLINE int32_t nn_times(int32_t a, int32_t b)
{
    return nn_doubling_high_product(a, b);
}

/* exp(x), x in Q5.26 and not positive, in Q0.31. */
static int32_t nn_exp_negative(int32_t x)
{
    /* exp(-1/4), exp(-1/2), exp(-1), ... exp(-16) in Q0.31. */
    static const int32_t factors[7] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    if (x == 0)
    {
        return INT32_MAX;
    }
    const int32_t quarter = 1 << (NN_INPUT_FRACTION - 2);
    const int32_t within = (x & (quarter - 1)) - quarter; /* in [-1/4, 0) */
    const int32_t rest = within - x;                      /* a multiple of 1/4, not negative */

    /* exp about -1/8: exp(-1/8) * (1 + t + t^2/2 + t^3/6 + t^4/24), t in Q0.31 */
    const int32_t t = within * 32 + (1 << 28);
    const int32_t t2 = nn_times(t, t);
    const int32_t t3 = nn_times(t2, t);
    const int32_t t4 = nn_times(t2, t2);
    const int32_t sixth = nn_times(nn_divide_by_power_of_two(t4, 2) + t3, 715827883); /* / 3 */
    const int32_t series = t + nn_divide_by_power_of_two(sixth + t2, 1);
    int32_t result = 1895147668 + nn_times(1895147668, series);
    for (int32_t k = 0; k < 7; k++)
    {
        if ((rest & (quarter << k)) != 0)
        {
            result = nn_times(result, factors[k]);
        }
    }
    return result;
}

/* value * 2^exponent, saturated. */
NN_INLINE int32_t nn_shift_left(int32_t value, int32_t exponent)
{
    const int32_t limit = INT32_MAX >> exponent;
    if (value > limit)
    {
        return INT32_MAX;
    }
    return value < -limit ? INT32_MIN : value * (1 << exponent);
}

/* 1 / (1 + x) for x in [0, 1), both in Q0.31. */
static int32_t nn_reciprocal(int32_t x)
{
    const int32_t half = (int32_t)(((int64_t)x + INT32_MAX + 1) / 2); /* (1 + x) / 2 */
    int32_t r = 1515870810 + nn_times(half, -1010580540);             /* 48/17 - 32/17 * half, in Q2.29 */
    for (int32_t step = 0; step < 3; step++)
    {
        r += nn_shift_left(nn_times(r, (1 << 29) - nn_times(half, r)), 2);
    }
    return nn_shift_left(r, 1);
}

NN_INLINE int32_t nn_leading_zeros(uint32_t value)
{
    return value == 0 ? 32 : __builtin_clz(value);
}

/* exp of an input's difference to the largest, in Q0.31. */
NN_INLINE int32_t nn_exp_difference(int32_t difference, int32_t mult, int32_t shift)
{
    return nn_exp_negative(nn_times((int32_t)((uint32_t)difference << shift), mult));
}

void arm_softmax_s8(const int8_t *input,
                    const int32_t num_rows,
                    const int32_t row_size,
                    const int32_t mult,
                    const int32_t shift,
                    const int32_t diff_min,
                    int8_t *output)
{
    for (int32_t row = 0; row < num_rows; row++, input += row_size, output += row_size)
    {
        int32_t largest = input[0];
        for (int32_t i = 1; i < row_size; i++)
        {
            largest = nn_max(largest, input[i]);
        }
        int32_t sum = 0;
        for (int32_t i = 0; i < row_size; i++)
        {
            const int32_t difference = input[i] - largest;
            if (difference >= diff_min)
            {
                sum += nn_divide_by_power_of_two(nn_exp_difference(difference, mult, shift), NN_SUM_INTEGER);
            }
        }
        /* The sum is at least one: shifted to the top it is 1 + x of the reciprocal. */
        const int32_t headroom = nn_leading_zeros((uint32_t)sum);
        const int32_t scale = nn_reciprocal((int32_t)(((uint32_t)sum << headroom) - 0x80000000u));
        const int32_t exponent = NN_SUM_INTEGER - headroom + 23;
        for (int32_t i = 0; i < row_size; i++)
        {
            const int32_t difference = input[i] - largest;
            int32_t probability = 0;
            if (difference >= diff_min)
            {
                probability = nn_times(scale, nn_exp_difference(difference, mult, shift));
                probability = nn_divide_by_power_of_two(probability, exponent);
            }
            output[i] = (int8_t)nn_min(nn_max(probability + INT8_MIN, INT8_MIN), INT8_MAX);
        }
    }
}
