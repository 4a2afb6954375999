/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Windows that move over tensors of any number of axes, as macros that generated code fills with types and
 * expressions: plain, not fast. Sums over channels are windows too, which have all channels as their cells.
 */
#ifndef TINYC_WINDOWS_H
#define TINYC_WINDOWS_H

#include "tinyc_loops.h"

#define TINYC_WINDOW_AXES 8

/*
 * By axis: cell k of the window of result i lies at place (first + i * per_result + k * per_cell) / unit of x, if that
 * is a whole number from 0 up to but not including `size`. A place is `step` elements of x. The window has its own
 * operand w, where a result is `w_result` elements and a cell `w_cell` elements.
 */
typedef struct {
    int32_t axes;
    int32_t results[TINYC_WINDOW_AXES];
    int32_t cells[TINYC_WINDOW_AXES];
    int32_t first[TINYC_WINDOW_AXES];
    int32_t per_result[TINYC_WINDOW_AXES];
    int32_t per_cell[TINYC_WINDOW_AXES];
    int32_t unit[TINYC_WINDOW_AXES];
    int32_t size[TINYC_WINDOW_AXES];
    int32_t step[TINYC_WINDOW_AXES];
    int32_t w_result[TINYC_WINDOW_AXES];
    int32_t w_cell[TINYC_WINDOW_AXES];
} tinyc_windows;

typedef struct {
    int32_t at[TINYC_WINDOW_AXES];
} tinyc_window_place;

/* On to the next result or cell, the last axis first; 0 behind the last one. */
static inline int32_t tinyc_window_next(tinyc_window_place *place, const int32_t *size, int32_t axes)
{
    for (int32_t axis = axes - 1; axis >= 0; --axis) {
        if (++place->at[axis] < size[axis]) {
            return 1;
        }
        place->at[axis] = 0;
    }
    return 0;
}

/* Which element of x a cell is; -1 outside of x. */
static inline int32_t tinyc_window_cell(const tinyc_windows *windows, const tinyc_window_place *result,
                                        const tinyc_window_place *cell)
{
    int32_t at = 0;
    for (int32_t axis = 0; axis < windows->axes; ++axis) {
        int32_t place = windows->first[axis] + result->at[axis] * windows->per_result[axis] +
                        cell->at[axis] * windows->per_cell[axis];
        if (windows->unit[axis] > 1) {
            if (place % windows->unit[axis] != 0) {
                return -1;
            }
            place /= windows->unit[axis];
        }
        if (place < 0 || place >= windows->size[axis]) {
            return -1;
        }
        at += place * windows->step[axis];
    }
    return at;
}

/* Which element of w belongs to a cell. */
static inline int32_t tinyc_window_weight(const tinyc_windows *windows, const tinyc_window_place *result,
                                          const tinyc_window_place *cell)
{
    int32_t at = 0;
    for (int32_t axis = 0; axis < windows->axes; ++axis) {
        at += result->at[axis] * windows->w_result[axis] + cell->at[axis] * windows->w_cell[axis];
    }
    return at;
}

/*
 * y = RESULT of `sum` and `count`: `sum`, of type TS, is START before the statement EACH runs for every cell inside x,
 * `count` how many these are. EACH is of `sum`, `a`, which is x[at], and `x` itself.
 */
#define tinyc_windows_1_inline(TA, TS, TY, START, EACH, RESULT, windows, px, py)                                       \
    do {                                                                                                               \
        const tinyc_windows *const windows_ = (windows);                                                               \
        const TA *const x = (const TA *)(px);                                                                          \
        TY *y_ = (TY *)(py);                                                                                           \
        tinyc_window_place result_ = {{0}};                                                                            \
        do {                                                                                                           \
            TS sum = (START);                                                                                          \
            int32_t count = 0;                                                                                         \
            tinyc_window_place cell_ = {{0}};                                                                          \
            do {                                                                                                       \
                const int32_t at = tinyc_window_cell(windows_, &result_, &cell_);                                      \
                if (at >= 0) {                                                                                         \
                    const TA a = x[at];                                                                                \
                    EACH;                                                                                              \
                    (void)a;                                                                                           \
                    ++count;                                                                                           \
                }                                                                                                      \
            } while (tinyc_window_next(&cell_, windows_->cells, windows_->axes));                                      \
            *y_++ = (TY)(RESULT);                                                                                      \
            (void)count;                                                                                               \
        } while (tinyc_window_next(&result_, windows_->results, windows_->axes));                                      \
    } while (0)

/* The same with elements `b` of w, and EACH of `sum`, `a` and `b`. */
#define tinyc_windows_2_inline(TA, TB, TS, TY, START, EACH, RESULT, windows, px, pw, py)                               \
    do {                                                                                                               \
        const tinyc_windows *const windows_ = (windows);                                                               \
        const TA *const x_ = (const TA *)(px);                                                                         \
        const TB *const w_ = (const TB *)(pw);                                                                         \
        TY *y_ = (TY *)(py);                                                                                           \
        tinyc_window_place result_ = {{0}};                                                                            \
        do {                                                                                                           \
            TS sum = (START);                                                                                          \
            tinyc_window_place cell_ = {{0}};                                                                          \
            do {                                                                                                       \
                const int32_t at_ = tinyc_window_cell(windows_, &result_, &cell_);                                     \
                if (at_ >= 0) {                                                                                        \
                    const TA a = x_[at_];                                                                              \
                    const TB b = w_[tinyc_window_weight(windows_, &result_, &cell_)];                                  \
                    EACH;                                                                                              \
                }                                                                                                      \
            } while (tinyc_window_next(&cell_, windows_->cells, windows_->axes));                                      \
            *y_++ = (TY)(RESULT);                                                                                      \
        } while (tinyc_window_next(&result_, windows_->results, windows_->axes));                                      \
    } while (0)

#endif
