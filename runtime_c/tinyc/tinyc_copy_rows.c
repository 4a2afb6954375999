/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tinyc_kernels.h"

void tinyc_copy_rows(int32_t rows, int32_t row_bytes, const void *src, int32_t src_stride, int32_t dst_offset,
                     void *dst, int32_t dst_stride)
{
    const uint8_t *from = src;
    uint8_t *to = (uint8_t *)dst + dst_offset;
    for (int32_t row = 0; row < rows; ++row) {
        (void)memcpy(to + row * dst_stride, from + row * src_stride, (size_t)row_bytes);
    }
}
