/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reductions, running totals and orders over elements of any type, as macros that generated code fills with types and
 * expressions: plain, not fast. `outer` loops over the results in order, `inner` over what makes one of them.
 */
#ifndef TINYC_REDUCTIONS_H
#define TINYC_REDUCTIONS_H

#include "tinyc_loops.h"

/* The larger in the order of floats in which NaN comes behind infinity: 1 if it is a, -1 if it is b, 0 if neither. */
static inline int32_t tinyc_order_f32(float a, float b)
{
    return ((a > b) || (a != a && b == b)) - ((b > a) || (b != b && a == a));
}

/* y = the last `total`, which begins as START and becomes STEP, of `total` and `a`, for each a; y is then RESULT. */
#define tinyc_reduce_1_inline(TA, TT, TY, START, STEP, RESULT, outer, inner, pa, py)                                   \
    do {                                                                                                               \
        const tinyc_loops *const results_ = (outer);                                                                   \
        const tinyc_loops *const parts_ = (inner);                                                                     \
        const TA *const all_a_ = (const TA *)(pa);                                                                     \
        TY *y_ = (TY *)(py);                                                                                           \
        tinyc_place_in_loops place_ = {{0}};                                                                           \
        do {                                                                                                           \
            const TA *const row_a_ = all_a_ + tinyc_loop_start(&place_, results_->a);                                  \
            for (int32_t i_ = 0; i_ < results_->size[TINYC_LAST_LOOP]; ++i_) {                                         \
                tinyc_place_in_loops part_ = {{0}};                                                                    \
                TT total = (TT)(START);                                                                                \
                do {                                                                                                   \
                    const TA *const a_ =                                                                               \
                        row_a_ + i_ * results_->a[TINYC_LAST_LOOP] + tinyc_loop_start(&part_, parts_->a);              \
                    for (int32_t k_ = 0; k_ < parts_->size[TINYC_LAST_LOOP]; ++k_) {                                   \
                        const TA a = a_[k_ * parts_->a[TINYC_LAST_LOOP]];                                              \
                        total = (TT)(STEP);                                                                            \
                    }                                                                                                  \
                } while (tinyc_loop_next(&part_, parts_->size));                                                       \
                *y_++ = (TY)(RESULT);                                                                                  \
            }                                                                                                          \
        } while (tinyc_loop_next(&place_, results_->size));                                                            \
    } while (0)

/* The same of pairs `a` and `b`. */
#define tinyc_reduce_2_inline(TA, TB, TT, TY, START, STEP, RESULT, outer, inner, pa, pb, py)                           \
    do {                                                                                                               \
        const tinyc_loops *const results_ = (outer);                                                                   \
        const tinyc_loops *const parts_ = (inner);                                                                     \
        const TA *const all_a_ = (const TA *)(pa);                                                                     \
        const TB *const all_b_ = (const TB *)(pb);                                                                     \
        TY *y_ = (TY *)(py);                                                                                           \
        tinyc_place_in_loops place_ = {{0}};                                                                           \
        do {                                                                                                           \
            const TA *const row_a_ = all_a_ + tinyc_loop_start(&place_, results_->a);                                  \
            const TB *const row_b_ = all_b_ + tinyc_loop_start(&place_, results_->b);                                  \
            for (int32_t i_ = 0; i_ < results_->size[TINYC_LAST_LOOP]; ++i_) {                                         \
                tinyc_place_in_loops part_ = {{0}};                                                                    \
                TT total = (TT)(START);                                                                                \
                do {                                                                                                   \
                    const TA *const a_ =                                                                               \
                        row_a_ + i_ * results_->a[TINYC_LAST_LOOP] + tinyc_loop_start(&part_, parts_->a);              \
                    const TB *const b_ =                                                                               \
                        row_b_ + i_ * results_->b[TINYC_LAST_LOOP] + tinyc_loop_start(&part_, parts_->b);              \
                    for (int32_t k_ = 0; k_ < parts_->size[TINYC_LAST_LOOP]; ++k_) {                                   \
                        const TA a = a_[k_ * parts_->a[TINYC_LAST_LOOP]];                                              \
                        const TB b = b_[k_ * parts_->b[TINYC_LAST_LOOP]];                                              \
                        total = (TT)(STEP);                                                                            \
                    }                                                                                                  \
                } while (tinyc_loop_next(&part_, parts_->size));                                                       \
                *y_++ = (TY)(RESULT);                                                                                  \
            }                                                                                                          \
        } while (tinyc_loop_next(&place_, results_->size));                                                            \
    } while (0)

/* x is [outer, count, inner]: y[o, k, i] = the total of the elements up to the k-th, counted from the end if `reverse`,
 * and without the k-th itself if `exclusive`. */
#define tinyc_accumulate_inline(T, TT, START, STEP, exclusive, reverse, outer, count, inner, pa, py)                   \
    do {                                                                                                               \
        for (int32_t o_ = 0; o_ < (outer); ++o_) {                                                                     \
            for (int32_t i_ = 0; i_ < (inner); ++i_) {                                                                 \
                const T *const a_ = (const T *)(pa) + o_ * (count) * (inner) + i_;                                     \
                T *const y_ = (T *)(py) + o_ * (count) * (inner) + i_;                                                 \
                TT total = (TT)(START);                                                                                \
                for (int32_t k_ = 0; k_ < (count); ++k_) {                                                             \
                    const int32_t at_ = ((reverse) ? (count) - 1 - k_ : k_) * (inner);                                 \
                    const T a = a_[at_];                                                                               \
                    if (exclusive) {                                                                                   \
                        y_[at_] = (T)total;                                                                            \
                    }                                                                                                  \
                    total = (TT)(STEP);                                                                                \
                    if (!(exclusive)) {                                                                                \
                        y_[at_] = (T)total;                                                                            \
                    }                                                                                                  \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    } while (0)

/* x is [outer, count, inner], y is [outer, k, inner]: the first k of each line in an order. ORDER is positive if `a`
 * comes before `b` and 0 if they are equal; then the one with the lower index comes first, or with the higher if
 * `backwards`. RESULT is of `found`, the index, and `value`. Each result is looked for anew: k * count comparisons. */
#define tinyc_top_k_inline(TA, TY, ORDER, RESULT, backwards, outer, count, inner, k, px, py)                           \
    do {                                                                                                               \
        for (int32_t o_ = 0; o_ < (outer); ++o_) {                                                                     \
            for (int32_t i_ = 0; i_ < (inner); ++i_) {                                                                 \
                const TA *const x_ = (const TA *)(px) + o_ * (count) * (inner) + i_;                                   \
                TY *const y_ = (TY *)(py) + o_ * (k) * (inner) + i_;                                                   \
                int32_t last_ = -1;                                                                                    \
                for (int32_t n_ = 0; n_ < (k); ++n_) {                                                                 \
                    int32_t found = -1;                                                                                \
                    for (int32_t at_ = 0; at_ < (count); ++at_) {                                                      \
                        const TA b = x_[at_ * (inner)];                                                                \
                        if (last_ >= 0) {                                                                              \
                            const TA a = x_[last_ * (inner)];                                                          \
                            const int32_t order_ = (ORDER);                                                            \
                            if (order_ < 0 || (order_ == 0 && ((backwards) ? last_ <= at_ : last_ >= at_))) {          \
                                continue;                                                                              \
                            }                                                                                          \
                        }                                                                                              \
                        if (found >= 0) {                                                                              \
                            const TA a = x_[found * (inner)];                                                          \
                            const int32_t order_ = (ORDER);                                                            \
                            if (order_ > 0 || (order_ == 0 && !(backwards))) {                                         \
                                continue;                                                                              \
                            }                                                                                          \
                        }                                                                                              \
                        found = at_;                                                                                   \
                    }                                                                                                  \
                    const TA value = x_[found * (inner)];                                                              \
                    (void)value;                                                                                       \
                    y_[n_ * (inner)] = (TY)(RESULT);                                                                   \
                    last_ = found;                                                                                     \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    } while (0)

#endif
