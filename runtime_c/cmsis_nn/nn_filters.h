/* SPDX-License-Identifier: Apache-2.0 */
/* What a convolution does to every window: the filters and what follows them. */
#ifndef NN_FILTERS_H
#define NN_FILTERS_H

#include "nn_requantize.h"

/* Pixels that go through all filters before the next ones are looked at, where pixels are not gathered into columns. */
#define NN_STRIP 64

/* One convolution, or one group of it: `channels` filters of `depth` values each. */
typedef struct
{
    const int8_t *filter;
    const int32_t *bias; /* or NULL */
    int32_t channels;
    int32_t depth;
    int32_t pixel_stride; /* from an output pixel to the next */
    nn_output_stage stage;
} nn_filters;

NN_INLINE int32_t nn_bias(const nn_filters *filters, int32_t channel)
{
    return filters->bias == NULL ? 0 : filters->bias[channel];
}

#endif
