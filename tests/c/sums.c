/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the kernels that add up what comes in parts on pseudo-random cases, wherever it is built, and prints one line a
 * case: the function and the sum of all results. Many rows, so that narrow lanes would overflow; odd widths and starts.
 */
#include "tinyc_kernels.h"

#include <string.h>

void sweep_print(const char *text); /* the platform's */
int sweep_main(void);

enum
{
    CASES = 120,
    MOST = 12000,
    MAX_IN = MOST + 3,
    MAX_OUT = 48,
    CANARY = 4
};

static int8_t input[MAX_IN];
static int8_t weights[MAX_IN];
static int32_t sums[MAX_OUT + CANARY];
static int8_t largest[MAX_OUT + CANARY];
static uint32_t state = 1;

static uint32_t next(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state >> 8;
}

/* In [low, high]. */
static int32_t between(int32_t low, int32_t high)
{
    return low + (int32_t)(next() % (uint32_t)(high - low + 1));
}

/* Random values, or the lowest, or the highest ones only. */
static void fill(int8_t *to)
{
    const int32_t kind = between(0, 3);
    for (int32_t i = 0; i < MAX_IN; i++)
    {
        to[i] = (int8_t)(kind == 0 ? -128 : kind == 1 ? 127 : between(-128, 127));
    }
}

static void report(const char *name, const void *result, size_t bytes)
{
    const uint8_t *const from = result;
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < bytes; i++)
    {
        hash = (hash ^ from[i]) * 16777619u;
    }
    char line[32];
    size_t at = strlen(name);
    memcpy(line, name, at);
    line[at++] = ' ';
    for (int32_t bit = 28; bit >= 0; bit -= 4)
    {
        line[at++] = "0123456789abcdef"[(hash >> bit) & 15u];
    }
    line[at++] = '\n';
    line[at] = 0;
    sweep_print(line);
}

int sweep_main(void)
{
    for (int32_t i = 0; i < CASES; i++)
    {
        fill(input);
        fill(weights);
        for (int32_t k = 0; k < MAX_OUT + CANARY; k++)
        {
            sums[k] = between(-100000, 100000);
            largest[k] = (int8_t)between(-128, 127);
        }
        const int32_t skip = between(0, 3);
        const int32_t row = between(1, MAX_OUT);
        const int32_t rows = between(1, i % 4 == 0 ? MOST / row : 20);
        tinyc_sum_rows_s8(rows, row, input + skip, sums);
        report("sum_rows", sums, sizeof sums);
        tinyc_max_rows_s8(between(1, 2), row, input + skip, largest);
        report("max_rows", largest, sizeof largest);

        const int32_t step = between(1, MOST / row);
        const int32_t start = between(0, step - 1);
        const int32_t n = between(1, step - start);
        tinyc_dot_rows_s8(n, row, step, start, input + skip, weights, sums);
        report("dot_rows", sums, sizeof sums);
    }
    return 0;
}
