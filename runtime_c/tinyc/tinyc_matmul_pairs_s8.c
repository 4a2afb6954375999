/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_matmul_pairs_s8.h"

void tinyc_matmul_pairs_s8(const tinyc_matmul_pairs_params *params, const int8_t *a, const int8_t *b,
                           uint32_t *workspace, int8_t *y)
{
    tinyc_matmul_pairs_s8_inline(params, a, b, workspace, y);
}
