/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recurrent cells over sequences of float32, as macros that generated code fills with the cells' functions. Their
 * arguments: x, the weights of x and of h, the bias, the lengths, the first h, what the cell has besides, a work area, h.
 */
#ifndef TINYC_RECURRENT_H
#define TINYC_RECURRENT_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "tinyc_functions.h"

/* Of the longest sequence, and how many sequences; `size` is that of a state. */
typedef struct {
    int32_t steps;
    int32_t sequences;
    int32_t inputs;
    int32_t size;
    int32_t reverse; /* whether they run from their last step to their first */
    int32_t variant; /* LSTM: forget what is not let in; GRU: reset after the product */
} tinyc_recurrence;

static inline float tinyc_recurrent_dot(const float *a, const float *b, int32_t size)
{
    float sum = 0.0f;
    for (int32_t i = 0; i < size; ++i) {
        sum += a[i] * b[i];
    }
    return sum;
}

/* gates = x + r h */
static inline void tinyc_recurrent_gates(float *gates, const float *x, const float *r, const float *h, int32_t rows,
                                         int32_t size)
{
    for (int32_t i = 0; i < rows; ++i) {
        gates[i] = x[i] + tinyc_recurrent_dot(r + i * size, h, size);
    }
}

/* How many steps a sequence has, whatever the tensor of lengths says. */
static inline int32_t tinyc_recurrent_length(const tinyc_recurrence *all, const int32_t *lengths, int32_t sequence)
{
    const int32_t length = lengths[sequence];
    return length < 0 ? 0 : length > all->steps ? all->steps : length;
}

/* The row of a step of a sequence: steps outside, sequences inside. Behind the sequence's own come those of padding. */
static inline int32_t tinyc_recurrent_row(const tinyc_recurrence *all, int32_t step, int32_t length, int32_t sequence)
{
    const int32_t at = all->reverse != 0 && step < length ? length - 1 - step : step;
    return at * all->sequences + sequence;
}

/* What a step leaves: its state, or zeros in the padding. */
static inline void tinyc_recurrent_store(const tinyc_recurrence *all, float *y, const float *h, int32_t valid)
{
    for (int32_t k = 0; k < all->size; ++k) {
        y[k] = valid != 0 ? h[k] : 0.0f;
    }
}

/* result = FUNCTION(a) of the clipped value. */
#define TINYC_RECURRENT_APPLY(FUNCTION, CLIP, value, result)                                                           \
    do {                                                                                                               \
        const float v_ = (value);                                                                                      \
        const float a = (CLIP);                                                                                        \
        (result) = (FUNCTION);                                                                                         \
    } while (0)

/*
 * All steps of all sequences, by the statements behind the last named argument. They find what the step's inputs add to
 * the gates in x_, the state in h_, which they change, and a work area. The result has a row for each step and sequence,
 * and then the last states, which is where they change.
 */
#define TINYC_RECURRENT_STEPS(params, gates, px, pw, pb, plengths, pfirst, pwork, py, ...)                             \
    do {                                                                                                               \
        const tinyc_recurrence *const all_ = (params);                                                                 \
        const int32_t size_ = all_->size, others_ = all_->sequences * size_;                                           \
        float *const y_ = (float *)(py);                                                                               \
        float *const last_ = y_ + all_->steps * others_;                                                               \
        float *const x_ = (float *)(pwork);                                                                            \
        float *const work_ = x_ + (gates) * size_;                                                                     \
        (void)memcpy(last_, (pfirst), (size_t)others_ * sizeof(float));                                                \
        for (int32_t sequence_ = 0; sequence_ < all_->sequences; ++sequence_) {                                        \
            float *const h_ = last_ + sequence_ * size_;                                                               \
            const int32_t length_ = tinyc_recurrent_length(all_, (const int32_t *)(plengths), sequence_);              \
            for (int32_t step_ = 0; step_ < all_->steps; ++step_) {                                                    \
                const int32_t row_ = tinyc_recurrent_row(all_, step_, length_, sequence_);                             \
                if (step_ < length_) {                                                                                 \
                    tinyc_recurrent_gates(x_, (const float *)(pb), (const float *)(pw),                                \
                                          (const float *)(px) + row_ * all_->inputs, (gates) * size_, all_->inputs);   \
                    __VA_ARGS__                                                                                        \
                }                                                                                                      \
                tinyc_recurrent_store(all_, y_ + row_ * size_, h_, step_ < length_);                                   \
            }                                                                                                          \
        }                                                                                                              \
    } while (0)

/* h = F(x + R h). The work area has room for two states. */
#define tinyc_rnn_inline(F, CLIP, params, px, pw, pr, pb, plengths, pfirst, pwork, py)                                 \
    TINYC_RECURRENT_STEPS(                                                                                             \
        params, 1, px, pw, pb, plengths, pfirst, pwork, py,                                                            \
        tinyc_recurrent_gates(work_, x_, (const float *)(pr), h_, size_, size_);                                       \
        for (int32_t k_ = 0; k_ < size_; ++k_) { TINYC_RECURRENT_APPLY(F, CLIP, work_[k_], h_[k_]); })

/* Gates z, r and h; `pproduct` is the bias of the product with the state for the last. Work area: six states. */
#define tinyc_gru_inline(F, G, CLIP, params, px, pw, pr, pb, plengths, pfirst, pproduct, pwork, py)                    \
    TINYC_RECURRENT_STEPS(                                                                                             \
        params, 3, px, pw, pb, plengths, pfirst, pwork, py, float *const z_ = work_;                                   \
        float *const reset_ = z_ + size_;                                                                              \
        float *const read_ = reset_ + size_;                                                                           \
        const float *const weights_ = (const float *)(pr) + 2 * size_ * size_;                                         \
        tinyc_recurrent_gates(z_, x_, (const float *)(pr), h_, 2 * size_, size_);                                      \
        for (int32_t k_ = 0; k_ < size_; ++k_) {                                                                       \
            TINYC_RECURRENT_APPLY(F, CLIP, z_[k_], z_[k_]);                                                            \
            TINYC_RECURRENT_APPLY(F, CLIP, reset_[k_], reset_[k_]);                                                    \
            read_[k_] = all_->variant != 0 ? h_[k_] : reset_[k_] * h_[k_];                                             \
        }                                                                                                              \
        for (int32_t k_ = 0; k_ < size_; ++k_) {                                                                       \
            const float sum_ =                                                                                         \
                tinyc_recurrent_dot(weights_ + k_ * size_, read_, size_) + ((const float *)(pproduct))[k_];            \
            const float gate_ = x_[2 * size_ + k_] + (all_->variant != 0 ? reset_[k_] * sum_ : sum_);                  \
            float new_;                                                                                                \
            TINYC_RECURRENT_APPLY(G, CLIP, gate_, new_);                                                               \
            z_[k_] = (1.0f - z_[k_]) * new_ + z_[k_] * h_[k_];                                                         \
        } (void)memcpy(h_, z_, (size_t)size_ * sizeof(float));)

/* Gates i, o, f and c; `pp` has the peepholes of the first three. CELL clips c. Work area: eight states. */
#define tinyc_lstm_inline(F, G, H, CLIP, CELL, params, px, pw, pr, pb, plengths, pfirst, pp, pfirst_c, pwork, py, pc)  \
    do {                                                                                                               \
        const tinyc_recurrence *const cells_ = (params);                                                               \
        (void)memcpy((pc), (pfirst_c), (size_t)(cells_->sequences * cells_->size) * sizeof(float));                    \
        TINYC_RECURRENT_STEPS(                                                                                         \
            params, 4, px, pw, pb, plengths, pfirst, pwork, py,                                                        \
            float *const c_ = (float *)(pc) + sequence_ * size_;                                                       \
            const float *const p_ = (const float *)(pp);                                                               \
            tinyc_recurrent_gates(work_, x_, (const float *)(pr), h_, 4 * size_, size_);                               \
            for (int32_t k_ = 0; k_ < size_; ++k_) {                                                                   \
                float in_, out_, forget_, new_;                                                                        \
                TINYC_RECURRENT_APPLY(F, CLIP, work_[k_] + p_[k_] * c_[k_], in_);                                      \
                TINYC_RECURRENT_APPLY(F, CLIP, work_[2 * size_ + k_] + p_[2 * size_ + k_] * c_[k_], forget_);          \
                TINYC_RECURRENT_APPLY(G, CLIP, work_[3 * size_ + k_], new_);                                           \
                TINYC_RECURRENT_APPLY(                                                                                 \
                    a, CELL, (all_->variant != 0 ? 1.0f - in_ : forget_) * c_[k_] + in_ * new_, c_[k_]);               \
                TINYC_RECURRENT_APPLY(F, CLIP, work_[size_ + k_] + p_[size_ + k_] * c_[k_], out_);                     \
                TINYC_RECURRENT_APPLY(H, v_, c_[k_], new_);                                                            \
                h_[k_] = out_ * new_;                                                                                  \
            });                                                                                                        \
    } while (0)

#endif
