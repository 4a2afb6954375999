/* SPDX-License-Identifier: Apache-2.0 */
/* Linear attention: a matrix for each head, to which keys and values are written and from which queries read. */
#ifndef TINYC_LINEAR_ATTENTION_H
#define TINYC_LINEAR_ATTENTION_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Each of `groups` matrices of keys x values serves heads / groups heads. */
typedef struct {
    int32_t batches;
    int32_t steps;
    int32_t heads;
    int32_t groups;
    int32_t keys;
    int32_t values;
    int32_t decays; /* for each step and matrix: one for each key, one for all, or none */
    int32_t betas;  /* for each step: one for each matrix, one for all, or none */
    float scale;
} tinyc_linear_attention_shape;

/* state x e^decay, by rows */
static inline void tinyc_linear_attention_decay(const tinyc_linear_attention_shape *shape, const float *decay,
                                                float *state)
{
    for (int32_t d = 0; d < shape->keys; ++d) {
        const float factor = expf(decay[shape->decays > 1 ? d : 0]);
        for (int32_t m = 0; m < shape->values; ++m) {
            state[d * shape->values + m] *= factor;
        }
    }
}

/* The vector times column `m` of the matrix. */
static inline float tinyc_linear_attention_read(const tinyc_linear_attention_shape *shape, const float *vector,
                                                const float *state, int32_t m)
{
    float sum = 0.0f;
    for (int32_t d = 0; d < shape->keys; ++d) {
        sum += vector[d] * state[d * shape->values + m];
    }
    return sum;
}

/* One step of one matrix. `beta` is the part of the difference to what the key finds that is written, or null. */
static inline void tinyc_linear_attention_write(const tinyc_linear_attention_shape *shape, const float *key,
                                                const float *value, const float *beta, float *state)
{
    for (int32_t m = 0; m < shape->values; ++m) {
        float written = value[m];
        if (beta != NULL) {
            written = *beta * (written - tinyc_linear_attention_read(shape, key, state, m));
        }
        for (int32_t d = 0; d < shape->keys; ++d) {
            state[d * shape->values + m] += key[d] * written;
        }
    }
}

/* The result has what the queries read, (batches, steps, heads, values), and behind it the last matrices. */
static inline void tinyc_linear_attention(const tinyc_linear_attention_shape *shape, const float *q, const float *k,
                                          const float *v, const float *first, const float *decay, const float *beta,
                                          float *y)
{
    const int32_t size = shape->keys * shape->values, shared = shape->heads / shape->groups;
    float *const states = y + shape->batches * shape->steps * shape->heads * shape->values;
    (void)memcpy(states, first, (size_t)(shape->batches * shape->groups * size) * sizeof(float));
    for (int32_t row = 0; row < shape->batches * shape->steps; ++row) {
        for (int32_t group = 0; group < shape->groups; ++group) {
            const int32_t at = row * shape->groups + group;
            float *const state = states + (row / shape->steps * shape->groups + group) * size;
            if (shape->decays > 0) {
                tinyc_linear_attention_decay(shape, decay + at * shape->decays, state);
            }
            const float *const part = beta + row * shape->betas + (shape->betas > 1 ? group : 0);
            tinyc_linear_attention_write(shape, k + at * shape->keys, v + at * shape->values,
                                         shape->betas > 0 ? part : NULL, state);
            for (int32_t head = at * shared; head < (at + 1) * shared; ++head) {
                for (int32_t m = 0; m < shape->values; ++m) {
                    const float sum = tinyc_linear_attention_read(shape, q + head * shape->keys, state, m);
                    y[head * shape->values + m] = shape->scale * sum;
                }
            }
        }
    }
}

/* Decays and betas are not read if there are none. */
#define tinyc_linear_attention_inline(shape, q, k, v, first, decay, beta, y)                                           \
    tinyc_linear_attention(shape, (const float *)(q), (const float *)(k), (const float *)(v), (const float *)(first),  \
                           (const float *)(decay), (const float *)(beta), (float *)(y))

#endif
