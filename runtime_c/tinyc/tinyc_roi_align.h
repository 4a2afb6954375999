/* SPDX-License-Identifier: Apache-2.0 */
/* Regions of images that are known at run time, each resampled to one size. */
#ifndef TINYC_ROI_ALIGN_H
#define TINYC_ROI_ALIGN_H

#include <math.h>
#include <stdint.h>

#define TINYC_MOST_SAMPLES 1024 /* of a bin along an axis, whatever the region */

/* `samples` is how many a bin has along each axis, 0 for one a cell; `largest` takes their maximum, not their mean. */
typedef struct {
    int32_t batches;
    int32_t channels;
    int32_t height;
    int32_t width;
    int32_t regions;
    int32_t rows;
    int32_t columns;
    int32_t samples;
    int32_t largest;
    int32_t half_pixel;
    float scale;
} tinyc_roi_align_params;

/* The two cells beside a coordinate, and the weight of the higher one; 0 if it is too far outside. */
static inline int32_t tinyc_roi_cells(float at, int32_t size, int32_t *cells, float *weight)
{
    if (!(at >= -1.0f && at <= (float)size)) {
        return 0;
    }
    const float inside = at > 0.0f ? at : 0.0f;
    cells[0] = (int32_t)inside;
    if (cells[0] >= size - 1) {
        cells[0] = size - 1;
        cells[1] = size - 1;
        *weight = 0.0f;
    } else {
        cells[1] = cells[0] + 1;
        *weight = inside - (float)cells[0];
    }
    return 1;
}

static inline int32_t tinyc_roi_samples(const tinyc_roi_align_params *params, float bin)
{
    if (params->samples > 0) {
        return params->samples;
    }
    const float count = ceilf(bin);
    return count >= (float)TINYC_MOST_SAMPLES ? TINYC_MOST_SAMPLES : count > 0.0f ? (int32_t)count : 0;
}

/* One bin of one channel, which starts at (top, left). */
static inline float tinyc_roi_bin(const tinyc_roi_align_params *params, const float *x, float top, float left,
                                  float bin_height, float bin_width)
{
    const int32_t down = tinyc_roi_samples(params, bin_height);
    const int32_t right = tinyc_roi_samples(params, bin_width);
    float result = 0.0f;
    for (int32_t i = 0; i < down; ++i) {
        for (int32_t j = 0; j < right; ++j) {
            int32_t row[2];
            int32_t column[2];
            float v;
            float h;
            float part[4] = {0.0f, 0.0f, 0.0f, 0.0f};
            const float y_at = top + ((float)i + 0.5f) * bin_height / (float)down;
            const float x_at = left + ((float)j + 0.5f) * bin_width / (float)right;
            if (tinyc_roi_cells(y_at, params->height, row, &v) && tinyc_roi_cells(x_at, params->width, column, &h)) {
                part[0] = (1.0f - v) * (1.0f - h) * x[row[0] * params->width + column[0]];
                part[1] = (1.0f - v) * h * x[row[0] * params->width + column[1]];
                part[2] = v * (1.0f - h) * x[row[1] * params->width + column[0]];
                part[3] = v * h * x[row[1] * params->width + column[1]];
            }
            if (params->largest) {
                const float most = fmaxf(fmaxf(part[0], part[1]), fmaxf(part[2], part[3]));
                result = i == 0 && j == 0 ? most : fmaxf(result, most);
            } else {
                result += part[0] + part[1] + part[2] + part[3];
            }
        }
    }
    return params->largest || down * right == 0 ? result : result / (float)(down * right);
}

/* y[r][c] is the region regions[r], left, top, right and bottom, of x[images[r]][c]. */
static inline void tinyc_roi_align(const tinyc_roi_align_params *params, const float *x, const float *regions,
                                   const int64_t *images, float *y)
{
    const float offset = params->half_pixel ? 0.5f : 0.0f;
    for (int32_t r = 0; r < params->regions; ++r, regions += 4) {
        const int64_t last = params->batches - 1;
        const int32_t image = (int32_t)(images[r] < 0 ? 0 : images[r] < last ? images[r] : last);
        const float left = regions[0] * params->scale - offset;
        const float top = regions[1] * params->scale - offset;
        float width = regions[2] * params->scale - offset - left;
        float height = regions[3] * params->scale - offset - top;
        if (!params->half_pixel) {
            width = fmaxf(width, 1.0f);
            height = fmaxf(height, 1.0f);
        }
        width /= (float)params->columns;
        height /= (float)params->rows;
        for (int32_t c = 0; c < params->channels; ++c) {
            const float *const plane = x + (image * params->channels + c) * params->height * params->width;
            for (int32_t i = 0; i < params->rows; ++i) {
                for (int32_t j = 0; j < params->columns; ++j) {
                    *y++ = tinyc_roi_bin(params, plane, top + (float)i * height, left + (float)j * width, height, width);
                }
            }
        }
    }
}

#define tinyc_roi_align_inline(params, px, pregions, pimages, py)                                                     \
    tinyc_roi_align(params, (const float *)(px), (const float *)(pregions), (const int64_t *)(pimages), (float *)(py))

#endif
