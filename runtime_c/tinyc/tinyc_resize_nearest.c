/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tinyc_kernels.h"
#include "tinyc_place.h"

void tinyc_resize_nearest(const tinyc_resize_params *params, int32_t element_bytes, const void *x, void *y)
{
    const tinyc_resize_axis *const rows = &params->rows;
    const tinyc_resize_axis *const columns = &params->columns;
    const int32_t pixel = params->channels * element_bytes;
    const int32_t in_row = columns->cells * pixel;
    const int32_t out_row = columns->size * pixel;
    const uint8_t *image = x;
    uint8_t *to = y;
    for (int32_t n = 0; n < params->batches; ++n, image += rows->cells * in_row) {
        int32_t made = -1; /* the input row that the result before this one was made of */
        for (int32_t i = 0; i < rows->size; ++i, to += out_row) {
            const int32_t row = tinyc_place_of(rows, i).low;
            if (row == made) {
                (void)memcpy(to, to - out_row, (size_t)out_row);
                continue;
            }
            made = row;
            for (int32_t j = 0; j < columns->size; ++j) {
                /* the result may run over the input */
                const uint8_t *const from = image + row * in_row + tinyc_place_of(columns, j).low * pixel;
                (void)memmove(to + j * pixel, from, (size_t)pixel);
            }
        }
    }
}
