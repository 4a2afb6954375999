/* SPDX-License-Identifier: Apache-2.0 */
/* The fixed point of TensorFlow Lite, after gemmlowp: tinyc/ops/_logarithms.py says what the logarithm is made of. */
#include "tinyc_softmax_s8.h"

#define INNER_BITS 6 /* before the point of logarithms, one more than the result has */
#define QUARTER (1 << (29 - INNER_BITS))
#define LOG_2 1488522236
#define ROOT_OF_HALF 1518500250
#define FOURTH_ROOT_OF_HALF 1805811301
#define OF_CUBE 117049297
#define OF_SQUARE 127690142
#define OF_Q 638450708
#define OF_ONE 1057819769

/* value / 2^right to nearest, ties away from zero; right in [0, 31]. */
static int32_t divided(int32_t value, int32_t right)
{
    const int64_t half = (int64_t)1 << right >> 1;
    return right == 0 ? value : (int32_t)((value + half - (value < 0 ? 1 : 0)) >> right);
}

/* With 26 fraction bits, of z in [2^19, 2^31) with 19 of them. */
static int32_t logarithm(int32_t z)
{
    const int32_t zeros = tinyc_softmax_headroom((uint32_t)z);
    const int32_t r_a = tinyc_softmax_shifted(tinyc_softmax_times(z * (1 << (zeros - 1)), ROOT_OF_HALF), 1);
    const int32_t power_a = (TINYC_SUM_BITS - zeros) * (1 << (31 - INNER_BITS)) + QUARTER;
    const int32_t room = tinyc_softmax_headroom((uint32_t)tinyc_softmax_times(z, ROOT_OF_HALF)) - 1;
    const int32_t r_b = tinyc_softmax_shifted(z, room);
    const int32_t power_b = (TINYC_SUM_BITS - room) * (1 << (31 - INNER_BITS)) - QUARTER;
    const int32_t r = r_a < r_b ? r_a : r_b;
    const int32_t power = power_a > power_b ? power_a : power_b;
    const int32_t p = (int32_t)(((int64_t)r + FOURTH_ROOT_OF_HALF + 1) >> 1);
    const int32_t q = 2 * (r - FOURTH_ROOT_OF_HALF);
    const int32_t square = tinyc_softmax_times(q, q);
    const int32_t above = tinyc_softmax_times(q, r) + tinyc_softmax_times(tinyc_softmax_times(q, square), OF_CUBE);
    const int32_t factor = OF_ONE + q + tinyc_softmax_times(square, OF_SQUARE);
    const int32_t below = tinyc_softmax_times(p, factor) + tinyc_softmax_times(q, OF_Q);
    const int32_t inverse = tinyc_softmax_reciprocal((int32_t)(((int64_t)below + INT32_MAX + 1) >> 1));
    const int32_t rest = tinyc_softmax_times(divided(above, INNER_BITS), inverse);
    return tinyc_softmax_shifted(tinyc_softmax_times(power, LOG_2) + rest, 1);
}

void tinyc_log_softmax_s8(int32_t rows, int32_t row, int32_t multiplier, int32_t shift, int32_t least,
                          const int32_t *differences, const int8_t *x, int8_t *y)
{
    for (int32_t r = 0; r < rows; ++r, x += row, y += row) {
        int32_t largest = x[0];
        for (int32_t i = 1; i < row; ++i) {
            largest = x[i] > largest ? x[i] : largest;
        }
        int32_t sum = 0;
        for (int32_t i = 0; i < row; ++i) {
            sum += differences[2 * (largest - x[i])];
        }
        const int32_t total = logarithm(sum);
        int32_t lowest = divided(tinyc_softmax_times(total + INT32_MIN, multiplier), -shift);
        lowest = lowest < least ? least : lowest;
        for (int32_t i = 0; i < row; ++i) {
            const int32_t difference = largest - x[i];
            int32_t value = INT8_MIN;
            if (-difference > lowest) {
                value = divided(differences[2 * difference + 1] - total, 22) + INT8_MAX;
                value = value > INT8_MAX ? INT8_MAX : value < INT8_MIN ? INT8_MIN : value;
            }
            y[i] = (int8_t)value;
        }
    }
}
