/* SPDX-License-Identifier: Apache-2.0 */
/* Loops over elements at places that are known at run time: macros, as in tinyc_loops.h. */
#ifndef TINYC_PLACES_H
#define TINYC_PLACES_H

#include <string.h>

#include "tinyc_loops.h"

/*
 * For each place of the loops the element
 *     place . loops.a + sum over q < depth of index[place . loops.b + q] * step[q],
 * where index q is one of `size[q]`.
 */
typedef struct {
    tinyc_loops loops;
    int32_t depth;
    int32_t size[TINYC_LOOP_AXES];
    int32_t step[TINYC_LOOP_AXES];
} tinyc_places;

/* An index below 0 counts from the end; what is still outside of 0 ... size - 1 is kept inside. */
static inline int32_t tinyc_kept_index(int64_t index, int32_t size)
{
    const int64_t from_start = index < 0 ? index + size : index;
    return from_start < 0 ? 0 : from_start >= size ? size - 1 : (int32_t)from_start;
}

/* Runs STATEMENT for each place in order; `at_` in it is the element. */
#define tinyc_each_place(TI, places, pi, STATEMENT)                                                                    \
    do {                                                                                                               \
        const tinyc_places *const places_ = (places);                                                                  \
        const tinyc_loops *const sizes_ = &places_->loops;                                                             \
        const TI *const indices_ = (const TI *)(pi);                                                                   \
        tinyc_place_in_loops place_ = {{0}};                                                                           \
        do {                                                                                                           \
            const int32_t base_ = tinyc_loop_start(&place_, sizes_->a);                                                \
            const TI *index_ = indices_ + tinyc_loop_start(&place_, sizes_->b);                                        \
            for (int32_t i_ = 0; i_ < sizes_->size[TINYC_LAST_LOOP]; ++i_) {                                           \
                int32_t at_ = base_ + i_ * sizes_->a[TINYC_LAST_LOOP];                                                 \
                for (int32_t q_ = 0; q_ < places_->depth; ++q_) {                                                      \
                    const TI found_ = index_[i_ * sizes_->b[TINYC_LAST_LOOP] + q_];                                    \
                    at_ += tinyc_kept_index((int64_t)found_, places_->size[q_]) * places_->step[q_];                   \
                }                                                                                                      \
                STATEMENT;                                                                                             \
            }                                                                                                          \
        } while (tinyc_loop_next(&place_, sizes_->size));                                                              \
    } while (0)

/* y = x at the places. */
#define tinyc_gather_inline(T, TI, places, px, pi, py)                                                                 \
    do {                                                                                                               \
        const T *const x_ = (const T *)(px);                                                                           \
        T *y_ = (T *)(py);                                                                                             \
        tinyc_each_place(TI, places, pi, *y_++ = x_[at_]);                                                             \
    } while (0)

/* y = x, of so many BYTES, and at the places f(y, update). EXPRESSION is of `a`, which is there, and `b`. */
#define tinyc_scatter_inline(T, TI, EXPRESSION, BYTES, places, px, pi, pu, py)                                         \
    do {                                                                                                               \
        const T *update_ = (const T *)(pu);                                                                            \
        T *const y_ = (T *)(py);                                                                                       \
        (void)memcpy(y_, (px), (BYTES));                                                                               \
        tinyc_each_place(TI, places, pi, tinyc_change(T, y_[at_], *update_++, EXPRESSION));                            \
    } while (0)

#define tinyc_change(T, OLD, NEW, EXPRESSION)                                                                          \
    do {                                                                                                               \
        const T a = (OLD);                                                                                             \
        const T b = (NEW);                                                                                             \
        (void)a;                                                                                                       \
        (OLD) = (T)(EXPRESSION);                                                                                       \
    } while (0)

#endif
