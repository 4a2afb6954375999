/* SPDX-License-Identifier: Apache-2.0 */
/* Internal: what convolutions with maxima over windows of their results share; tinyc_pool_kernels.h says why sums do. */
#ifndef TINYC_CONV_MAX_H
#define TINYC_CONV_MAX_H

#include "tinyc_stage.h"

TINYC_ALWAYS_INLINE int32_t tinyc_larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

TINYC_ALWAYS_INLINE int32_t tinyc_smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* A row or column of a convolution's result, of which there are `size`, that windows want; one that is outside stands for
 * the last. Where windows do not reach so far that is known before the program runs. */
TINYC_ALWAYS_INLINE int32_t tinyc_max_cell(int32_t at, int32_t size, int32_t kernel, int32_t windows)
{
    return windows * kernel <= size ? at : tinyc_smaller(at, size - 1);
}

#endif
