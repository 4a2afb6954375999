/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tinyc_kernels.h"

void tinyc_fill(void *dst, int32_t value, int32_t bytes)
{
    (void)memset(dst, value, (size_t)bytes);
}
