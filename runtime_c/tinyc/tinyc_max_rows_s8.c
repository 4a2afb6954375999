/* SPDX-License-Identifier: Apache-2.0 */
/* Neighbouring columns at a time where the core has lanes for them. */
#include "tinyc_kernels.h"
#include "tinyc_simd.h"

void tinyc_max_rows_s8(int32_t rows, int32_t row, const int8_t *x, int8_t *largest)
{
    int32_t i = 0;
#if defined(TINYC_MVE)
    for (; i < row; i += 16) {
        const mve_pred16_t valid = vctp8q((uint32_t)(row - i));
        int8x16_t most = vldrbq_z_s8(largest + i, valid);
        const int8_t *values = x + i;
        for (int32_t r = 0; r < rows; ++r, values += row) {
            most = vmaxq_s8(most, vldrbq_z_s8(values, valid));
        }
        vstrbq_p_s8(largest + i, most, valid);
    }
#elif defined(TINYC_DSP)
    for (; i + 4 <= row; i += 4) {
        uint32_t most = tinyc_load_s8x4(largest + i);
        const int8_t *values = x + i;
        for (int32_t r = 0; r < rows; ++r, values += row) {
            most = tinyc_max_s8x4(most, tinyc_load_s8x4(values));
        }
        tinyc_store_s8x4(largest + i, most);
    }
#endif
    for (; i < row; ++i) {
        int8_t most = largest[i];
        for (int32_t r = 0; r < rows; ++r) {
            const int8_t value = x[r * row + i];
            most = value > most ? value : most;
        }
        largest[i] = most;
    }
}
