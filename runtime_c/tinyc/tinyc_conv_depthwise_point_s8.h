/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: tinyc_conv_depthwise_point_s8, for a caller that knows the parameters when it is compiled. */
#ifndef TINYC_CONV_DEPTHWISE_POINT_S8_H
#define TINYC_CONV_DEPTHWISE_POINT_S8_H

#include "tinyc_conv_planes.h"
#include "tinyc_points.h"

TINYC_ALWAYS_INLINE void tinyc_conv_depthwise_point_s8_inline(const tinyc_conv_depthwise_point_params *params,
                                                              const int8_t *x, const int32_t *w, const int32_t *taps,
                                                              const int32_t *filters, uint32_t *workspace, int8_t *y)
{
    const tinyc_conv_pairs_params *const p = &params->conv;
    const tinyc_depthwise_planes_params *const d = &params->behind.depthwise;
    const int32_t slots = d->kernel_h / 2 + 1, rows = d->stride_h == 1 ? 2 : 1;
    const int32_t pairs = (d->out_h + rows - 1) / rows + slots - 1;
    uint32_t *const column = workspace + (d->channels + d->channels % 2) * tinyc_planes_columns(d) * slots;
    uint32_t *const columns = column + 4 * tinyc_conv_pairs_sizes_of(p, params->wide).fours;
    tinyc_planes_clear(d, d->channels, workspace);
    for (int32_t n = 0; n < d->batches; ++n) {
        int32_t slot = 0; /* of the pair to come, and then of the oldest */
        for (int32_t u = 0; u < pairs; ++u) {
            tinyc_conv_planes(p, d, params->wide, 2 * u - d->pad_top, x, w, column, workspace + slot);
            slot = slot + 1 < slots ? slot + 1 : 0;
            tinyc_points_step(&params->behind, u, slot, workspace, columns, taps, filters, y);
        }
        x += p->in_h * p->in_w * p->in_c;
        y += d->out_h * d->out_w * params->behind.out_c;
    }
}

#endif
