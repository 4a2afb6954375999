/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Part of tinyc_kernels.h, by which it is included: convolutions and the maxima over windows of their results in one.
 *
 * A larger sum never makes a smaller result: scales are not negative, rounding once or twice keeps the order of numbers,
 * and so do clamps. So the largest sum of a window makes its largest result, and that alone is scaled and stored.
 */
#ifndef TINYC_POOL_KERNELS_H
#define TINYC_POOL_KERNELS_H

#include "tinyc_kernels.h"

/* Windows over the result of a convolution, as far apart as they are large. */
typedef struct {
    int32_t kernel_h, kernel_w;
    int32_t out_h, out_w; /* the last windows may reach beyond what they see, with a part of them */
} tinyc_max_windows;

/* tinyc_conv_pairs_s8, or if `wide` tinyc_conv_pairs_wide_s8, whose stage clamps as both layers do. */
typedef struct {
    tinyc_conv_pairs_params conv;
    tinyc_max_windows windows;
    int32_t wide;
} tinyc_conv_max_params;

/* w as these have it. The workspace holds a column of int16 for each cell of a window. */
void tinyc_conv_max_s8(const tinyc_conv_max_params *params, const int8_t *x, const int32_t *w, uint32_t *workspace,
                       int8_t *y);

/* tinyc_winograd_s8 with the like stage; windows of at most two by two. `tiles`, w and the workspace as it has them. */
typedef struct {
    tinyc_winograd_params conv;
    tinyc_max_windows windows;
} tinyc_winograd_max_params;

void tinyc_winograd_max_s8(const tinyc_winograd_max_params *params, const int8_t *x, const int32_t *w,
                           uint32_t *workspace, int8_t *y);

/* tinyc_conv_plain_s8 with the like stage; windows of two cells or four. w and the workspace as it has them. */
typedef struct {
    tinyc_conv_plain_params conv;
    tinyc_max_windows windows;
} tinyc_conv_max_plain_params;

void tinyc_conv_max_plain_s8(const tinyc_conv_max_plain_params *params, const int8_t *x, const int32_t *w,
                             uint32_t *workspace, int8_t *y);

/* tinyc_conv_vectors_s8 with the like stage, where `direct` is 0 and `strip` a multiple of kernel_w. The workspace holds such
 * a strip for each row of a window, `strip_bytes` from the next. */
typedef struct {
    tinyc_conv_vectors_params conv;
    tinyc_max_windows windows;
    int32_t strip_bytes;
} tinyc_conv_max_vectors_params;

void tinyc_conv_max_vectors_s8(const tinyc_conv_max_vectors_params *params, const int8_t *x, const int32_t *w,
                               int8_t *strips, int8_t *y);

#endif
