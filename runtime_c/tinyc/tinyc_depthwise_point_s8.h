/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: tinyc_depthwise_point_s8, for a caller that knows the parameters when it is compiled. */
#ifndef TINYC_DEPTHWISE_POINT_S8_H
#define TINYC_DEPTHWISE_POINT_S8_H

#include "tinyc_points.h"

TINYC_ALWAYS_INLINE void tinyc_depthwise_point_s8_inline(const tinyc_depthwise_point_params *params, const int8_t *x,
                                                         const int32_t *taps, const int32_t *filters,
                                                         uint32_t *workspace, int8_t *y)
{
    const tinyc_depthwise_planes_params *const d = &params->depthwise;
    const int32_t slots = d->kernel_h / 2 + 1, rows = d->stride_h == 1 ? 2 : 1;
    const int32_t pairs = (d->out_h + rows - 1) / rows + slots - 1;
    uint32_t *const columns = workspace + d->channels * tinyc_planes_columns(d) * slots;
    tinyc_planes_clear(d, d->channels, workspace);
    for (int32_t n = 0; n < d->batches; ++n) {
        int32_t slot = 0; /* of the pair to come, and then of the oldest */
        for (int32_t u = 0; u < pairs; ++u) {
            tinyc_planes_spread(d, d->channels, 2 * u - d->pad_top, x, workspace + slot);
            slot = slot + 1 < slots ? slot + 1 : 0;
            tinyc_points_step(params, u, slot, workspace, columns, taps, filters, y);
        }
        x += d->in_h * d->in_w * d->channels;
        y += d->out_h * d->out_w * params->out_c;
    }
}

#endif
