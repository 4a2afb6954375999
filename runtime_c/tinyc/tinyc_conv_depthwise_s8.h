/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: tinyc_conv_depthwise_s8, for a caller that knows the parameters when it is compiled. */
#ifndef TINYC_CONV_DEPTHWISE_S8_H
#define TINYC_CONV_DEPTHWISE_S8_H

#include "tinyc_conv_planes.h"
#include "tinyc_depthwise_planes_s8.h"

TINYC_ALWAYS_INLINE void tinyc_conv_depthwise_s8_inline(const tinyc_conv_depthwise_params *params, const int8_t *x,
                                                        const int32_t *w, const int32_t *taps, uint32_t *workspace,
                                                        int8_t *y)
{
    const tinyc_conv_pairs_params *const p = &params->conv;
    const tinyc_depthwise_planes_params *const d = &params->depthwise;
    const int32_t pairs = d->kernel_h / 2, slots = pairs + 1;
    const int32_t rows = d->stride_h == 1 ? 2 : 1, steps = (d->out_h + rows - 1) / rows;
    uint32_t *const column = workspace + (d->channels + d->channels % 2) * tinyc_planes_columns(d) * slots;
    tinyc_planes_clear(d, d->channels, workspace);
    for (int32_t n = 0; n < d->batches; ++n) {
        int32_t slot = 0; /* of the pair to come, and then of the oldest */
        for (int32_t u = 0; u < steps + pairs; ++u) {
            tinyc_conv_planes(p, d, params->wide, 2 * u - d->pad_top, x, w, column, workspace + slot);
            slot = slot + 1 < slots ? slot + 1 : 0;
            if (u >= pairs) {
                tinyc_planes_step(d, d->channels, (u - pairs) * rows, slot, workspace, taps, y);
            }
        }
        x += p->in_h * p->in_w * p->in_c;
        y += d->out_h * d->out_w * d->channels * d->multiplier;
    }
}

#endif
