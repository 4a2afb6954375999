/* SPDX-License-Identifier: Apache-2.0 */
/* Elements between the cells of a tensor, at points that are known at run time. */
#ifndef TINYC_GRID_SAMPLE_H
#define TINYC_GRID_SAMPLE_H

#include <math.h>
#include <stdint.h>

#define TINYC_SAMPLE_AXES 4
#define TINYC_SAMPLE_TAPS 4

/* What lies outside: nothing, the cells at the edge, or a mirror image. */
enum { TINYC_OUTSIDE_ZEROS, TINYC_OUTSIDE_BORDER, TINYC_OUTSIDE_REFLECTION };

/* How a number is a coordinate: -1 and 1 are the centres of the outermost cells, their outer edges, or it counts cells. */
enum { TINYC_TO_CENTRES, TINYC_TO_EDGES, TINYC_IN_CELLS };

/* `taps` is how many cells along each axis make a result: 1 the nearest, 2 linear, 4 cubic. */
typedef struct {
    int32_t batches;
    int32_t channels;
    int32_t points;
    int32_t axes;
    int32_t size[TINYC_SAMPLE_AXES];
    int32_t taps;
    int32_t outside;
    int32_t coordinates;
} tinyc_grid_sample_params;

/* Cells along one axis, -1 for none, and their weights. */
typedef struct {
    int32_t cell[TINYC_SAMPLE_TAPS];
    float weight[TINYC_SAMPLE_TAPS];
} tinyc_sample_taps;

static inline float tinyc_sample_clamp(float v, float low, float high)
{
    return v >= low ? (v <= high ? v : high) : low; /* NaN is `low` */
}

/* v mirrored at both ends until it lies between them. */
static inline float tinyc_sample_reflect(float v, float low, float high)
{
    const float range = high - low;
    if (range <= 0.0f) {
        return low;
    }
    const float rest = fmodf(fabsf(v - low), 2.0f * range);
    return tinyc_sample_clamp(rest <= range ? low + rest : high - (rest - range), low, high);
}

static inline void tinyc_sample_weights(float rest, int32_t taps, float *weight)
{
    if (taps == 1) {
        weight[0] = 1.0f;
    } else if (taps == 2) {
        weight[0] = 1.0f - rest;
        weight[1] = rest;
    } else {
        const float a = -0.75f; /* as PyTorch has it */
        const float to[2] = {rest, 1.0f - rest};
        for (int32_t side = 0; side < 2; ++side) {
            const float near = to[side];
            const float far = near + 1.0f;
            weight[1 + side] = ((a + 2.0f) * near - (a + 3.0f)) * near * near + 1.0f;
            weight[3 * side] = ((a * far - 5.0f * a) * far + 8.0f * a) * far - 4.0f * a;
        }
    }
}

static inline tinyc_sample_taps tinyc_sample_axis(const tinyc_grid_sample_params *params, int32_t size, float at)
{
    const float last = (float)(size - 1);
    const float half = params->coordinates == TINYC_TO_EDGES ? 0.5f : 0.0f;
    float v = at;
    if (params->coordinates == TINYC_TO_CENTRES) {
        v = (at + 1.0f) * 0.5f * last;
    } else if (params->coordinates == TINYC_TO_EDGES) {
        v = ((at + 1.0f) * (float)size - 1.0f) * 0.5f;
    }
    v = params->taps == 1 ? rintf(v) : v;
    if (!(v >= -half && v <= last + half)) {
        if (params->outside == TINYC_OUTSIDE_REFLECTION) {
            v = tinyc_sample_reflect(v, -half, last + half);
        } else if (params->outside == TINYC_OUTSIDE_BORDER && params->taps < 4) {
            v = tinyc_sample_clamp(v, 0.0f, last);
        } else {
            v = tinyc_sample_clamp(v, -3.0f, last + 3.0f); /* where no tap is inside, as further out */
        }
    }
    tinyc_sample_taps made = {{0}, {0.0f}};
    const float below = floorf(v);
    tinyc_sample_weights(v - below, params->taps, made.weight);
    for (int32_t tap = 0; tap < params->taps; ++tap) {
        int32_t cell = (int32_t)below + tap - (params->taps == 4 ? 1 : 0);
        if (params->outside == TINYC_OUTSIDE_BORDER) {
            cell = cell < 0 ? 0 : cell < size ? cell : size - 1;
        } else if (params->outside == TINYC_OUTSIDE_REFLECTION) {
            cell = (int32_t)tinyc_sample_clamp(tinyc_sample_reflect((float)cell, -half, last + half), 0.0f, last);
        }
        made.cell[tap] = cell < size ? cell : -1;
    }
    return made;
}

/* The sum over all combinations of taps. */
static inline float tinyc_sample_sum(const tinyc_grid_sample_params *params, const tinyc_sample_taps *taps,
                                     const float *x)
{
    float sum = 0.0f;
    int32_t combinations = 1;
    for (int32_t axis = 0; axis < params->axes; ++axis) {
        combinations *= params->taps;
    }
    for (int32_t number = 0; number < combinations; ++number) {
        int32_t rest = number;
        int32_t at = 0;
        int32_t step = 1;
        int32_t inside = 1;
        float weight = 1.0f;
        for (int32_t axis = params->axes - 1; axis >= 0; --axis) {
            const int32_t tap = rest % params->taps;
            const int32_t cell = taps[axis].cell[tap];
            rest /= params->taps;
            inside = inside && cell >= 0;
            weight *= taps[axis].weight[tap];
            at += (cell < 0 ? 0 : cell) * step;
            step *= params->size[axis];
        }
        sum += inside ? weight * x[at] : 0.0f;
    }
    return sum;
}

/* y[n][c][p] is x[n][c] at the point grid[n][p], whose coordinates are those of the last axis first. */
static inline void tinyc_grid_sample(const tinyc_grid_sample_params *params, const float *x, const float *grid, float *y)
{
    int32_t cells = 1;
    for (int32_t axis = 0; axis < params->axes; ++axis) {
        cells *= params->size[axis];
    }
    for (int32_t n = 0; n < params->batches; ++n) {
        for (int32_t p = 0; p < params->points; ++p, grid += params->axes) {
            tinyc_sample_taps taps[TINYC_SAMPLE_AXES];
            for (int32_t axis = 0; axis < params->axes; ++axis) {
                taps[axis] = tinyc_sample_axis(params, params->size[axis], grid[params->axes - 1 - axis]);
            }
            for (int32_t c = 0; c < params->channels; ++c) {
                const int32_t image = n * params->channels + c;
                y[image * params->points + p] = tinyc_sample_sum(params, taps, x + image * cells);
            }
        }
    }
}

#define tinyc_grid_sample_inline(params, px, pgrid, py)                                                               \
    tinyc_grid_sample(params, (const float *)(px), (const float *)(pgrid), (float *)(py))

#endif
