/* SPDX-License-Identifier: Apache-2.0 */
/* The weights of tinyc_winograd_s8 from those of a convolution: U = (2 G) g (2 G)t, in the order of tinyc_winograd_s8.h. */
#include <stddef.h>

#include "tinyc_stage.h"

#define CELLS 4 /* along each side of a tile */
#define TAPS 3

/* 2 G times three taps. */
static void turn(int32_t first, int32_t second, int32_t third, int32_t *cells)
{
    cells[0] = 2 * first;
    cells[1] = first + third + second;
    cells[2] = first + third - second;
    cells[3] = 2 * third;
}

/* The cells of one channel of a filter, in rows; w: its taps, `depth` apart; NULL: zeros. */
static void turned(const int8_t *w, int32_t depth, int32_t cells[CELLS][CELLS])
{
    int32_t rows[TAPS][CELLS];
    for (int32_t i = 0; i < TAPS; ++i) {
        const int8_t *const row = w == NULL ? NULL : w + i * TAPS * depth;
        turn(row == NULL ? 0 : row[0], row == NULL ? 0 : row[depth], row == NULL ? 0 : row[2 * depth], rows[i]);
    }
    for (int32_t j = 0; j < CELLS; ++j) {
        int32_t column[CELLS];
        turn(rows[0][j], rows[1][j], rows[2][j], column);
        for (int32_t i = 0; i < CELLS; ++i) {
            cells[i][j] = column[i];
        }
    }
}

static int32_t pair(int32_t low, int32_t high)
{
    return (int32_t)(((uint32_t)low & 0xFFFFu) | (uint32_t)high << 16);
}

void tinyc_winograd_prepare_s8(int32_t out, int32_t depth, const int32_t *stages, const int8_t *w, int32_t *packed)
{
    static const int32_t order[CELLS] = {1, 2, 0, 3};
    const int32_t fours = depth / 4;
    for (int32_t o = 0; o < out; o += 2, stages += 2 + 2 * TINYC_SCALE_WORDS) {
        packed[0] = stages[0];
        packed[1] = stages[1];
        packed += 2;
        for (int32_t f = 0; f < 2; ++f) {
            for (int32_t four = 0; four < fours; ++four) {
                int32_t cells[4][CELLS][CELLS];
                for (int32_t c = 0; c < 4; ++c) {
                    turned(o + f < out ? w + (o + f) * TAPS * TAPS * depth + 4 * four + c : NULL, depth, cells[c]);
                }
                for (int32_t i = 0; i < CELLS * CELLS; ++i) {
                    const int32_t row = i / CELLS;
                    const int32_t j = order[i % CELLS];
                    const int32_t sign = j == CELLS - 1 ? -1 : 1;
                    int32_t *const words = packed + 2 * (2 * (i * fours + four) + f);
                    words[0] = pair(sign * cells[0][row][j], sign * cells[2][row][j]);
                    words[1] = pair(sign * cells[1][row][j], sign * cells[3][row][j]);
                }
            }
        }
        packed += CELLS * CELLS * fours * 4;
        for (int32_t i = 0; i < 2 * TINYC_SCALE_WORDS; ++i) {
            *packed++ = stages[2 + i];
        }
    }
}
