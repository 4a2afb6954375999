/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_clamp.h"
#include "tinyc_kernels.h"

/* sum / count to nearest, ties away from zero. */
static int32_t tinyc_quotient(int32_t sum, int32_t count)
{
    const int32_t half = count / 2;
    return (sum > 0 ? sum + half : sum - half) / count;
}

void tinyc_quotients_s8(int32_t n, int32_t count, int32_t ties, int32_t low, int32_t high, const int32_t *sums,
                        int8_t *y)
{
    for (int32_t i = 0; i < n; ++i) {
        int32_t mean = tinyc_quotient(sums[i], count);
        if (ties != TINYC_TIES_AWAY) {
            const int32_t beyond = 2 * (mean * count - sums[i]); /* what rounding added */
            const int wanted = (mean & 1) == (ties == TINYC_TIES_ODD);
            mean -= wanted ? 0 : beyond == count ? 1 : beyond == -count ? -1 : 0;
        }
        y[i] = tinyc_clamped_s8(mean, low, high);
    }
}
