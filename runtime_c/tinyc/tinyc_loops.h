/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loops over elements of any type, as macros that generated code fills with types and expressions: plain, not fast.
 * They go through a result in order, and through its operands by steps.
 */
#ifndef TINYC_LOOPS_H
#define TINYC_LOOPS_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "tinyc_functions.h"

#define TINYC_LOOP_AXES 8
#define TINYC_LAST_LOOP (TINYC_LOOP_AXES - 1)

/* Sizes of a result, outermost axis first, and how many elements each operand moves on by axis. */
typedef struct {
    int32_t size[TINYC_LOOP_AXES];
    int32_t a[TINYC_LOOP_AXES];
    int32_t b[TINYC_LOOP_AXES];
    int32_t c[TINYC_LOOP_AXES];
} tinyc_loops;

/* Where the loops are: the index along each axis but the last. */
typedef struct {
    int32_t at[TINYC_LOOP_AXES];
} tinyc_place_in_loops;

/* The first element of a row. */
static inline int32_t tinyc_loop_start(const tinyc_place_in_loops *place, const int32_t *step)
{
    int32_t start = 0;
    for (int32_t axis = 0; axis < TINYC_LAST_LOOP; ++axis) {
        start += place->at[axis] * step[axis];
    }
    return start;
}

/* On to the next row; 0 behind the last. */
static inline int32_t tinyc_loop_next(tinyc_place_in_loops *place, const int32_t *size)
{
    for (int32_t axis = TINYC_LAST_LOOP - 1; axis >= 0; --axis) {
        if (++place->at[axis] < size[axis]) {
            return 1;
        }
        place->at[axis] = 0;
    }
    return 0;
}

/* y = f(a), with `loops` a pointer to tinyc_loops. EXPRESSION is of `a`. */
#define tinyc_map_1_inline(TA, TY, EXPRESSION, loops, pa, py)                                                         \
    do {                                                                                                               \
        const tinyc_loops *const sizes_ = (loops);                                                                     \
        const TA *const all_a_ = (const TA *)(pa);                                                                     \
        TY *y_ = (TY *)(py);                                                                                           \
        tinyc_place_in_loops place_ = {{0}};                                                                           \
        do {                                                                                                           \
            const TA *a_ = all_a_ + tinyc_loop_start(&place_, sizes_->a);                                              \
            for (int32_t i_ = 0; i_ < sizes_->size[TINYC_LAST_LOOP]; ++i_) {                                           \
                const TA a = a_[i_ * sizes_->a[TINYC_LAST_LOOP]];                                                      \
                *y_++ = (TY)(EXPRESSION);                                                                              \
            }                                                                                                          \
        } while (tinyc_loop_next(&place_, sizes_->size));                                                              \
    } while (0)

/* The same bytes. */
#define tinyc_copy_inline(BYTES, px, py) (void)memcpy((py), (px), (BYTES))

/* y = a, from the element FIRST on. */
#define tinyc_strided_inline(T, FIRST, loops, pa, py)                                                                  \
    do {                                                                                                               \
        const tinyc_loops *const sizes_ = (loops);                                                                     \
        const T *const first_ = (const T *)(pa) + (FIRST);                                                             \
        const int32_t count_ = sizes_->size[TINYC_LAST_LOOP];                                                          \
        const int32_t step_ = sizes_->a[TINYC_LAST_LOOP];                                                              \
        T *y_ = (T *)(py);                                                                                             \
        tinyc_place_in_loops place_ = {{0}};                                                                           \
        do {                                                                                                           \
            const T *const a_ = first_ + tinyc_loop_start(&place_, sizes_->a);                                         \
            if (step_ == 1) {                                                                                          \
                (void)memcpy(y_, a_, (size_t)count_ * sizeof(T));                                                      \
            } else {                                                                                                   \
                for (int32_t i_ = 0; i_ < count_; ++i_) {                                                              \
                    y_[i_] = a_[i_ * step_];                                                                           \
                }                                                                                                      \
            }                                                                                                          \
            y_ += count_;                                                                                              \
        } while (tinyc_loop_next(&place_, sizes_->size));                                                              \
    } while (0)

/* y = f(a, b). */
#define tinyc_map_2_inline(TA, TB, TY, EXPRESSION, loops, pa, pb, py)                                                  \
    do {                                                                                                               \
        const tinyc_loops *const sizes_ = (loops);                                                                     \
        const TA *const all_a_ = (const TA *)(pa);                                                                     \
        const TB *const all_b_ = (const TB *)(pb);                                                                     \
        TY *y_ = (TY *)(py);                                                                                           \
        tinyc_place_in_loops place_ = {{0}};                                                                           \
        do {                                                                                                           \
            const TA *a_ = all_a_ + tinyc_loop_start(&place_, sizes_->a);                                              \
            const TB *b_ = all_b_ + tinyc_loop_start(&place_, sizes_->b);                                              \
            for (int32_t i_ = 0; i_ < sizes_->size[TINYC_LAST_LOOP]; ++i_) {                                           \
                const TA a = a_[i_ * sizes_->a[TINYC_LAST_LOOP]];                                                      \
                const TB b = b_[i_ * sizes_->b[TINYC_LAST_LOOP]];                                                      \
                *y_++ = (TY)(EXPRESSION);                                                                              \
            }                                                                                                          \
        } while (tinyc_loop_next(&place_, sizes_->size));                                                              \
    } while (0)

/* y = f(a, b, c). */
#define tinyc_map_3_inline(TA, TB, TC, TY, EXPRESSION, loops, pa, pb, pc, py)                                          \
    do {                                                                                                               \
        const tinyc_loops *const sizes_ = (loops);                                                                     \
        const TA *const all_a_ = (const TA *)(pa);                                                                     \
        const TB *const all_b_ = (const TB *)(pb);                                                                     \
        const TC *const all_c_ = (const TC *)(pc);                                                                     \
        TY *y_ = (TY *)(py);                                                                                           \
        tinyc_place_in_loops place_ = {{0}};                                                                           \
        do {                                                                                                           \
            const TA *a_ = all_a_ + tinyc_loop_start(&place_, sizes_->a);                                              \
            const TB *b_ = all_b_ + tinyc_loop_start(&place_, sizes_->b);                                              \
            const TC *c_ = all_c_ + tinyc_loop_start(&place_, sizes_->c);                                              \
            for (int32_t i_ = 0; i_ < sizes_->size[TINYC_LAST_LOOP]; ++i_) {                                           \
                const TA a = a_[i_ * sizes_->a[TINYC_LAST_LOOP]];                                                      \
                const TB b = b_[i_ * sizes_->b[TINYC_LAST_LOOP]];                                                      \
                const TC c = c_[i_ * sizes_->c[TINYC_LAST_LOOP]];                                                      \
                *y_++ = (TY)(EXPRESSION);                                                                              \
            }                                                                                                          \
        } while (tinyc_loop_next(&place_, sizes_->size));                                                              \
    } while (0)

#endif
