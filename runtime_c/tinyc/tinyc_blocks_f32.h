/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal: blocks of sums of products of floats. Every sum takes its products one after another from the first to the
 * last, each rounded before it is added: whatever the block, the core and the compiler, it has the same bits. So there
 * is no fused VFMA in here, and nothing for Helium, which takes the smallest numbers for zeros.
 *
 * With an FPU its 32 registers hold a block and what it is made of next, and one VLDM loads neighbours.
 */
#ifndef TINYC_BLOCKS_F32_H
#define TINYC_BLOCKS_F32_H

#include <stdint.h>
#include <string.h>

#include "tinyc_clamp.h"
#include "tinyc_stage.h"

#define TINYC_BLOCK_PIXELS 4
#define TINYC_BLOCK_FILTERS 4

/* The assembly takes many registers: see tinyc_pairs.h. */
#if defined(__ARM_FP) && defined(__thumb2__) && defined(__OPTIMIZE__) && !defined(__clang__) &&                         \
    !defined(TINYC_NO_ASSEMBLY)
#define TINYC_FPU 1

#define TINYC_MLA(sum, x, w) "vmla.f32 " sum ", " x ", " w "\n\t"
/* A value times the weights of four filters. */
#define TINYC_MLA4(s0, s1, s2, s3, x, w0, w1, w2, w3)                                                                  \
    TINYC_MLA(s0, x, w0) TINYC_MLA(s1, x, w1) TINYC_MLA(s2, x, w2) TINYC_MLA(s3, x, w3)
/* A value of each of four pixels times the weights of four filters. */
#define TINYC_MLA16(x0, x1, x2, x3, w0, w1, w2, w3)                                                                    \
    TINYC_MLA4("s0", "s1", "s2", "s3", x0, w0, w1, w2, w3)                                                             \
    TINYC_MLA4("s4", "s5", "s6", "s7", x1, w0, w1, w2, w3)                                                             \
    TINYC_MLA4("s8", "s9", "s10", "s11", x2, w0, w1, w2, w3)                                                           \
    TINYC_MLA4("s12", "s13", "s14", "s15", x3, w0, w1, w2, w3)
#define TINYC_FPU_LOW                                                                                                  \
    "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12", "s13", "s14", "s15"
#define TINYC_FPU_HIGH                                                                                                 \
    "s16", "s17", "s18", "s19", "s20", "s21", "s22", "s23", "s24", "s25", "s26", "s27", "s28", "s29", "s30", "s31"
#endif

/* sums [4 pixels][4 filters] += x . w over n values, of pixels that lie `apart` from one another; w has four weights,
 * one a filter, for each value, `step` from one value to the next. */
TINYC_ALWAYS_INLINE void tinyc_products_4x4(int32_t n, const float *x, int32_t apart, const float *w, int32_t step,
                                            float *sums)
{
#if defined(TINYC_FPU)
    const float *x1 = x + apart;
    const float *x2 = x1 + apart;
    const float *x3 = x2 + apart;
    const int32_t bytes = 4 * step;
#define TINYC_PRODUCTS_4X4(LOAD2)                                                                                      \
    __asm__ volatile("vldmia %[sums], {s0-s15}\n\t"                                                                    \
                     "subs %[n], #2\n\tblt 2f\n"                                                                       \
                     "1:\n\t" LOAD2                                                                                    \
                     "vldmia %[x0]!, {s16-s17}\n\tvldmia %[x1]!, {s18-s19}\n\t"                                       \
                     "vldmia %[x2]!, {s20-s21}\n\tvldmia %[x3]!, {s22-s23}\n\t"                                       \
                     TINYC_MLA16("s16", "s18", "s20", "s22", "s24", "s25", "s26", "s27")                               \
                     TINYC_MLA16("s17", "s19", "s21", "s23", "s28", "s29", "s30", "s31")                               \
                     "subs %[n], #2\n\tbge 1b\n"                                                                       \
                     "2:\n\tadds %[n], #1\n\tbne 3f\n\t"                                                             \
                     "vldmia %[w], {s24-s27}\n\tvldr s16, [%[x0]]\n\tvldr s18, [%[x1]]\n\t"                          \
                     "vldr s20, [%[x2]]\n\tvldr s22, [%[x3]]\n\t"                                                     \
                     TINYC_MLA16("s16", "s18", "s20", "s22", "s24", "s25", "s26", "s27")                               \
                     "3:\n\tvstmia %[sums], {s0-s15}"                                                                  \
                     : [n] "+r"(n), [x0] "+r"(x), [x1] "+r"(x1), [x2] "+r"(x2), [x3] "+r"(x3), [w] "+r"(w)             \
                     : [sums] "r"(sums), [bytes] "r"(bytes)                                                            \
                     : TINYC_FPU_LOW, TINYC_FPU_HIGH, "cc", "memory")
    if (step == TINYC_BLOCK_FILTERS) {
        TINYC_PRODUCTS_4X4("vldmia %[w]!, {s24-s31}\n\t");
    } else {
        TINYC_PRODUCTS_4X4("vldmia %[w], {s24-s27}\n\tadd %[w], %[bytes]\n\t"
                           "vldmia %[w], {s28-s31}\n\tadd %[w], %[bytes]\n\t");
    }
#undef TINYC_PRODUCTS_4X4
#else
    for (int32_t k = 0; k < n; ++k, w += step) {
        for (int32_t pixel = 0; pixel < TINYC_BLOCK_PIXELS; ++pixel) {
            const float value = x[pixel * apart + k];
            for (int32_t filter = 0; filter < TINYC_BLOCK_FILTERS; ++filter) {
                sums[pixel * TINYC_BLOCK_FILTERS + filter] += value * w[filter];
            }
        }
    }
#endif
}

/* sums [4 filters] = from [4] + x . w over `rows` rows of n values of one pixel; x_row and w_row: from row to row. */
TINYC_ALWAYS_INLINE void tinyc_products_1x4(int32_t rows, int32_t n, const float *x, int32_t x_row, const float *w,
                                            int32_t w_row, int32_t step, const float *from, float *sums)
{
#if defined(TINYC_FPU)
    const int32_t bytes = 4 * step;
    const int32_t x_skip = 4 * (x_row - n);
    const int32_t w_skip = 4 * (w_row - n * step);
#define TINYC_NEXT(weights) "vldmia %[w], {" weights "}\n\tadd %[w], %[bytes]\n\t"
/* `left` is where the sums start from, and then counts. */
#define TINYC_PRODUCTS_1X4(LOAD4)                                                                                      \
    __asm__ volatile("vldmia %[left], {s0-s3}\n"                                                                       \
                     "5:\n\tsubs %[left], %[n], #4\n\tblt 2f\n"                                                        \
                     "1:\n\t" LOAD4 "vldmia %[x]!, {s4-s7}\n\t"                                                       \
                     TINYC_MLA4("s0", "s1", "s2", "s3", "s4", "s8", "s9", "s10", "s11")                                \
                     TINYC_MLA4("s0", "s1", "s2", "s3", "s5", "s12", "s13", "s14", "s15")                              \
                     TINYC_MLA4("s0", "s1", "s2", "s3", "s6", "s16", "s17", "s18", "s19")                              \
                     TINYC_MLA4("s0", "s1", "s2", "s3", "s7", "s20", "s21", "s22", "s23")                              \
                     "subs %[left], #4\n\tbge 1b\n"                                                                   \
                     "2:\n\tadds %[left], #4\n\tbeq 4f\n"                                                            \
                     "3:\n\tvldmia %[x]!, {s4}\n\t" TINYC_NEXT("s8-s11")                                             \
                     TINYC_MLA4("s0", "s1", "s2", "s3", "s4", "s8", "s9", "s10", "s11")                                \
                     "subs %[left], #1\n\tbne 3b\n"                                                                   \
                     "4:\n\tadd %[x], %[x_skip]\n\tadd %[w], %[w_skip]\n\tsubs %[rows], #1\n\tbne 5b\n\t"           \
                     "vstmia %[sums], {s0-s3}"                                                                         \
                     : [rows] "+r"(rows), [left] "+r"(from), [x] "+r"(x), [w] "+r"(w)                                  \
                     : [n] "r"(n), [x_skip] "r"(x_skip), [w_skip] "r"(w_skip), [bytes] "r"(bytes), [sums] "r"(sums)    \
                     : TINYC_FPU_LOW, "s16", "s17", "s18", "s19", "s20", "s21", "s22", "s23", "cc", "memory")
    if (step == TINYC_BLOCK_FILTERS) {
        TINYC_PRODUCTS_1X4("vldmia %[w]!, {s8-s23}\n\t");
    } else {
        TINYC_PRODUCTS_1X4(TINYC_NEXT("s8-s11") TINYC_NEXT("s12-s15") TINYC_NEXT("s16-s19") TINYC_NEXT("s20-s23"));
    }
#undef TINYC_NEXT
#undef TINYC_PRODUCTS_1X4
#else
    float s0 = from[0];
    float s1 = from[1];
    float s2 = from[2];
    float s3 = from[3];
    for (int32_t row = 0; row < rows; ++row, x += x_row, w += w_row) {
        const float *weights = w;
        for (int32_t k = 0; k < n; ++k, weights += step) {
            s0 += x[k] * weights[0];
            s1 += x[k] * weights[1];
            s2 += x[k] * weights[2];
            s3 += x[k] * weights[3];
        }
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
#endif
}

/* The sums of a pixel, as many as results are left, within their bounds. */
TINYC_ALWAYS_INLINE void tinyc_clamped_sums(int32_t left, const float *sums, float low, float high, float *y)
{
    if (left >= TINYC_BLOCK_FILTERS) {
        y[0] = tinyc_clamped_f32(sums[0], low, high);
        y[1] = tinyc_clamped_f32(sums[1], low, high);
        y[2] = tinyc_clamped_f32(sums[2], low, high);
        y[3] = tinyc_clamped_f32(sums[3], low, high);
        return;
    }
    for (int32_t i = 0; i < left; ++i) {
        y[i] = tinyc_clamped_f32(sums[i], low, high);
    }
}

#endif
