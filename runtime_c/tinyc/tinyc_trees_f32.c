/* SPDX-License-Identifier: Apache-2.0 */
#include "tinyc_kernels.h"

enum { FEATURE, COMPARISON, MISSING, IF_TRUE, IF_FALSE, FIELDS };
enum { MEAN, SUM, LEAST, MOST };

static int32_t holds(float value, int32_t comparison, int32_t missing, float split)
{
    if (value != value) {
        return missing;
    }
    switch (comparison) {
    case 0:
        return value <= split;
    case 1:
        return value < split;
    case 2:
        return value >= split;
    case 3:
        return value > split;
    case 4:
        return value == split;
    default:
        return value != split;
    }
}

static int32_t leaf_of(const float *x, int32_t at, const int32_t *nodes, const float *splits)
{
    while (at >= 0) {
        const int32_t *const node = nodes + at * FIELDS;
        at = node[holds(x[node[FEATURE]], node[COMPARISON], node[MISSING], splits[at]) ? IF_TRUE : IF_FALSE];
    }
    return -1 - at;
}

/* What a target has after one more leaf; `first` says that it had none. */
static float together(int32_t how, float before, float weight, int32_t first)
{
    if (first) {
        return weight;
    }
    switch (how) {
    case LEAST:
        return weight < before ? weight : before;
    case MOST:
        return weight > before ? weight : before;
    default:
        return before + weight;
    }
}

void tinyc_trees_f32(const tinyc_trees_params *params, const float *x, const int32_t *roots, const int32_t *nodes,
                     const float *splits, const int32_t *targets, const float *weights, float *y)
{
    for (int32_t row = 0; row < params->rows; ++row, x += params->features, y += params->targets) {
        for (int32_t target = 0; target < params->targets; ++target) {
            int32_t first = 1;
            float sum = 0.0f;
            for (int32_t tree = 0; tree < params->trees; ++tree) {
                const int32_t leaf = leaf_of(x, roots[tree], nodes, splits);
                if (targets[leaf] == target) {
                    sum = together(params->together, sum, weights[leaf], first);
                    first = 0;
                }
            }
            y[target] = params->together == MEAN ? sum / (float)params->trees : sum;
        }
    }
}
