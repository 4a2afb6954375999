/* SPDX-License-Identifier: Apache-2.0 */
/* Part of tinyc_kernels.h, by which it is included: depthwise convolutions with a convolution of single cells behind. */
#ifndef TINYC_POINT_KERNELS_H
#define TINYC_POINT_KERNELS_H

#include "tinyc_kernels.h"

/* A depthwise convolution, all channels one block and multiplier 1, and one of single cells with out_c filters over its
 * result; `stage` is that of the latter. */
typedef struct {
    tinyc_depthwise_planes_params depthwise;
    int32_t out_c;
    tinyc_stage stage;
} tinyc_depthwise_point_params;

/* taps: as the w of tinyc_depthwise_planes_s8. filters: those of single cells two by two, wide, as tinyc_pairs.h says, four i
 * being the channels i, i + 2f, i + f and i + 3f, f being a quarter of all, rounded up. The workspace has the planes, and
 * for each pixel of a row of the result 4 * f words. */
void tinyc_depthwise_point_s8(const tinyc_depthwise_point_params *params, const int8_t *x, const int32_t *taps,
                              const int32_t *filters, uint32_t *workspace, int8_t *y);

/* The same behind a convolution, as in tinyc_conv_depthwise_s8. The workspace has the planes of an even number of channels, a
 * column of two pixels of x, and for each pixel of a row of the result 4 * f words. */
typedef struct {
    tinyc_conv_pairs_params conv;
    tinyc_depthwise_point_params behind;
    int32_t wide;
} tinyc_conv_depthwise_point_params;

void tinyc_conv_depthwise_point_s8(const tinyc_conv_depthwise_point_params *params, const int8_t *x, const int32_t *w,
                                   const int32_t *taps, const int32_t *filters, uint32_t *workspace, int8_t *y);

#endif
