/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the cases of lags.h with the result apart from the input, as near below it as it may be, further below, and one
 * byte nearer, and prints a line a case: its number, whether all results up to the lag have the same bits, and whether
 * one that is nearer has others.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lags.h"

void sweep_print(const char *text); /* the platform's */
int sweep_main(void);

enum
{
    SEEDS = 6,
    MOST_BYTES = 4096
};

static int8_t input[MOST_BYTES];
static int8_t apart[MOST_BYTES];
static int8_t both[3 * MOST_BYTES];

static void fill(uint32_t seed)
{
    uint32_t state = 2654435761u * (seed + 1u);
    for (int32_t i = 0; i < MOST_BYTES; i++)
    {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        input[i] = (int8_t)(state >> 24);
    }
}

/* Whether the result has the same bits when it starts `distance` bytes below the input. */
static int same(const lag_case *one, int32_t distance)
{
    memset(both, 0x5A, sizeof both);
    memcpy(both + distance, input, (size_t)one->in_bytes);
    return one->run(both + distance, both) == 0 && memcmp(both, apart, (size_t)one->out_bytes) == 0;
}

int sweep_main(void)
{
    for (int32_t i = 0; i < LAG_CASES; i++)
    {
        const lag_case *const one = &lag_cases[i];
        int all = one->in_bytes <= MOST_BYTES && one->out_bytes <= MOST_BYTES;
        int spoilt = 0;
        for (uint32_t seed = 0; seed < SEEDS && all; seed++)
        {
            fill(seed);
            all = one->run(input, apart) == 0;
            for (int32_t more = 0; more < 12 && all; more += 3)
            {
                all = same(one, one->lag + more);
            }
            spoilt = spoilt || (one->lag > 0 && !same(one, one->lag - 1));
        }
        char line[] = "00 0 0\n";
        line[0] = (char)('0' + i / 10);
        line[1] = (char)('0' + i % 10);
        line[3] = (char)('0' + all);
        line[5] = (char)('0' + spoilt);
        sweep_print(line);
    }
    return 0;
}
