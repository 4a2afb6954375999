/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tinyc's own portable kernels: all operators in float, and the int8 ones that CMSIS-NN lacks. One function a file.
 *
 * Tensors are contiguous, the last axis fastest; images are NHWC. Sizes are at least 1, and counts of elements and of
 * bytes stay below 2^31. Nothing is allocated and nothing is kept between calls; no call can fail. A result may take the
 * place of an operand only where that is said, and overlap the first operand only where it starts so far below it that
 * nothing is overwritten before it is read: results are made upwards, in steps that tinyc/ops/_lag.py knows.
 *
 * Float results are clamped to [low, high], low <= high, infinities allowed; NaN stays NaN. Sums are taken in float, each
 * in an order that depends on nothing but the operator, so that a part of a result has the bits that the whole has.
 *
 * int8 results are value * multiplier * 2^(shift - 31), rounded, plus an offset, clamped; multipliers in (-2^31, 2^31),
 * shifts in [-31, 30], the scaled value within int32. The rounding is that of CMSIS-NN's arm_nn_requantize: to nearest,
 * ties up, when compiled with CMSIS_NN_USE_SINGLE_ROUNDING, else TensorFlow Lite's, which rounds twice. An offset of an
 * operand is minus its zero point, in [-127, 128]; that of a result is its zero point.
 */
#ifndef TINYC_KERNELS_H
#define TINYC_KERNELS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TINYC_MAX_AXES 6
#define TINYC_PAD_AXES 4

/* A convolution. kernel_c: input channels that one filter sees, in_c / groups; 1 in a depthwise one. */
typedef struct {
    int32_t batches;
    int32_t in_h, in_w, in_c;
    int32_t out_h, out_w, out_c;
    int32_t kernel_h, kernel_w, kernel_c;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left; /* those below and to the right follow from the size of the result */
    int32_t dilation_h, dilation_w;
    float low, high;
} tinyc_conv2d_params;

/* A pooling. Every window must have a cell inside the input; the cells outside do not count. */
typedef struct {
    int32_t batches;
    int32_t in_h, in_w, channels;
    int32_t out_h, out_w;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left;
    float low, high;
} tinyc_pool2d_params;

/* Sizes of a result, outermost axis first, and how many elements each operand moves on by axis: 0 repeats it. */
typedef struct {
    int32_t size[TINYC_MAX_AXES];
    int32_t a[TINYC_MAX_AXES];
    int32_t b[TINYC_MAX_AXES];
} tinyc_broadcast;

/* y = scale_y(scale_a((a + a_offset) << left_shift) + scale_b((b + b_offset) << left_shift)) + y_offset.
 * left_shift in [0, 22]; a_shift and b_shift at most 0; low and high are int8 values. */
typedef struct {
    int32_t a_offset, a_multiplier, a_shift;
    int32_t b_offset, b_multiplier, b_shift;
    int32_t left_shift;
    int32_t y_offset, y_multiplier, y_shift;
    int32_t low, high;
} tinyc_sum_params;

/* y = scale_y((a + a_offset) * (b + b_offset)) + y_offset; low and high are int8 values. */
typedef struct {
    int32_t a_offset, b_offset, y_offset;
    int32_t y_multiplier, y_shift;
    int32_t low, high;
} tinyc_mul_params;

/* a [batches, rows, depth] times b [batches or 1, depth, columns]; b_step: elements from one matrix b to the next, or 0. */
typedef struct {
    int32_t batches, rows, depth, columns;
    int32_t b_step;
} tinyc_matmul_shape;

/* y = scale_y(sum of (a + a_offset) * (b + b_offset)) + y_offset. */
typedef struct {
    int32_t a_offset, b_offset, y_offset;
    int32_t y_multiplier, y_shift;
} tinyc_matmul_params;

/* Sizes of the input, outermost axis first, and how many cells are added before and after it along each axis. */
typedef struct {
    int32_t size[TINYC_PAD_AXES];
    int32_t before[TINYC_PAD_AXES];
    int32_t after[TINYC_PAD_AXES];
} tinyc_pad_params;

/* Sizes of the result, outermost axis first, and how many elements of the input one step along each axis is. */
typedef struct {
    int32_t size[TINYC_MAX_AXES];
    int32_t stride[TINYC_MAX_AXES];
} tinyc_transpose_params;

/* Result i along an axis comes from the place (first + i * step) / unit, moved into [0, cells - 1] if it lies outside.
 * step at least 0, unit in [1, 2^19]; all numerators, and cells * unit, within int32. */
typedef struct {
    int32_t cells, size;
    int32_t first, step, unit;
} tinyc_resize_axis;

typedef struct {
    int32_t batches;
    tinyc_resize_axis rows, columns;
    int32_t channels;
} tinyc_resize_params;

/* From accumulators to int8 results: see tinyc_stage.h. An accumulator holds 2^bits times the sum. The rounding that
 * rounds once drops `right` bits, in [1, 22], of the high word of its product with the channel's multiplier: right =
 * bits - 1 - shift. `offset` is the zero point of the result; low and high are int8 values. */
typedef struct {
    int32_t bits, right;
    int32_t offset, low, high;
} tinyc_stage;

/* w [out_c, kernel_h, kernel_w, kernel_c]; b [out_c]. Outside x there are zeros. */
void tinyc_conv2d_f32(const tinyc_conv2d_params *params, const float *x, const float *w, const float *b, float *y);

/* The same for kernel_c = in_c. w: for four filters (or zeros) at a time biases, then [kernel_h, kernel_w, in_c][4]. */
void tinyc_conv_blocks_f32(const tinyc_conv2d_params *params, const float *x, const float *w, float *y);

/* w [1, kernel_h, kernel_w, out_c]; b [out_c]; channel o of the result sees channel o / (out_c / in_c) of x. The one in
 * blocks wants out_c = in_c and dilation_w = 1. */
void tinyc_depthwise_conv2d_f32(const tinyc_conv2d_params *params, const float *x, const float *w, const float *b,
                                float *y);
void tinyc_depthwise_blocks_f32(const tinyc_conv2d_params *params, const float *x, const float *w, const float *b,
                                float *y);

/* y [rows, out] = x [rows, depth] times the transpose of w [out, depth], plus b [out]. */
void tinyc_dense_f32(int32_t rows, int32_t depth, int32_t out, float low, float high, const float *x, const float *w,
                     const float *b, float *y);

void tinyc_matmul_f32(const tinyc_matmul_shape *shape, const float *a, const float *b, float *y);
void tinyc_matmul_s8(const tinyc_matmul_shape *shape, const tinyc_matmul_params *params, const int8_t *a,
                     const int8_t *b, int8_t *y);

/* y = a + b, a - b, a * b. The result may take the place of an operand of its shape. */
void tinyc_add_f32(const tinyc_broadcast *shape, float low, float high, const float *a, const float *b, float *y);
void tinyc_sub_f32(const tinyc_broadcast *shape, float low, float high, const float *a, const float *b, float *y);
void tinyc_mul_f32(const tinyc_broadcast *shape, float low, float high, const float *a, const float *b, float *y);

/* The same in int8. A difference is a sum too: the multiplier of b is negative. */
void tinyc_add_s8(const tinyc_broadcast *shape, const tinyc_sum_params *params, const int8_t *a, const int8_t *b,
                  int8_t *y);
void tinyc_sub_s8(const tinyc_broadcast *shape, const tinyc_sum_params *params, const int8_t *a, const int8_t *b,
                  int8_t *y);
void tinyc_mul_s8(const tinyc_broadcast *shape, const tinyc_mul_params *params, const int8_t *a, const int8_t *b,
                  int8_t *y);

/* Functions of each of `count` elements. The result may take the place of x. */
void tinyc_clamp_f32(int32_t count, float low, float high, const float *x, float *y);
void tinyc_sigmoid_f32(int32_t count, const float *x, float *y);
void tinyc_tanh_f32(int32_t count, const float *x, float *y);
void tinyc_lookup_s8(int32_t count, const int8_t *table, const int8_t *x, int8_t *y); /* table[x + 128] */

/* Softmax of each of `rows` rows of `row` elements. The result may take the place of x. */
void tinyc_softmax_f32(int32_t rows, int32_t row, const float *x, float *y);

/* The same in int8, results in 1/256 from -128 on, row below 8192. powers: e to the power of minus each difference to the
 * largest input, 0 to 255, as a fraction of 31 bits. */
void tinyc_softmax_s8(int32_t rows, int32_t row, const int32_t *powers, const int8_t *x, int8_t *y);

/* Fourier transforms of `taken` of the `places` of each line, each of real and imaginary parts or of real ones alone
 * (`parts`), to `results` of `result_parts`: sums over n of x[n] * factor * exp(sign * 2 pi i * k * n / length).
 * `mirrored`: x[length - n] is the conjugate of x[n], whatever x has there. `circle` has the cosine and the sine of each 2 pi n / length.
 */
typedef struct {
    int32_t lines, places, taken, parts;
    int32_t length, results, result_parts;
    int32_t sign, mirrored;
    float factor;
} tinyc_dft_params;

void tinyc_dft_f32(const tinyc_dft_params *params, const float *circle, const float *x, float *y);

/* Decision trees. A node is 5 integers: its feature, the comparison with its split (<= < >= > == !=), whether NaN counts
 * as true, the next node if it is, and if not; -1 - n is leaf n. `together`: the mean of all trees, the sum, the least,
 * the most of the weights of the leaves of a target. */
typedef struct {
    int32_t rows, features;
    int32_t trees, targets;
    int32_t together;
} tinyc_trees_params;

void tinyc_trees_f32(const tinyc_trees_params *params, const float *x, const int32_t *roots, const int32_t *nodes,
                     const float *splits, const int32_t *targets, const float *weights, float *y);

/* The determinants of square matrices; the workspace has room for one. */
void tinyc_det_f32(int32_t matrices, int32_t size, float *workspace, const float *x, float *y);

void tinyc_max_pool2d_f32(const tinyc_pool2d_params *params, const float *x, float *y);
void tinyc_avg_pool2d_f32(const tinyc_pool2d_params *params, const float *x, float *y);

/* y [outer, inner] = factor * the sum of x [outer, count, inner] over its middle axis. */
void tinyc_mean_f32(int32_t outer, int32_t count, int32_t inner, float factor, const float *x, float *y);

/* The multiplier takes the sum of count values to the scale of y. */
typedef struct {
    int32_t x_offset, y_offset, y_multiplier, y_shift;
} tinyc_mean_params;

void tinyc_mean_s8(int32_t outer, int32_t count, int32_t inner, const tinyc_mean_params *params, const int8_t *x,
                   int8_t *y);
void tinyc_pad_f32(const tinyc_pad_params *params, float value, const float *x, float *y);
void tinyc_transpose_f32(const tinyc_transpose_params *params, const float *x, float *y);
void tinyc_transpose_s8(const tinyc_transpose_params *params, const int8_t *x, int8_t *y);
/* Results whose input comes in parts: sums that start at 0 (maxima at -128) and take each part, then their result. */

/* sums [row] += the sum of the rows of x [rows, row]. */
void tinyc_sum_rows_s8(int32_t rows, int32_t row, const int8_t *x, int32_t *sums);

/* largest [row] = the larger of itself and the largest of each column of x [rows, row]. */
void tinyc_max_rows_s8(int32_t rows, int32_t row, const int8_t *x, int8_t *largest);

/* sums [rows] += x [n] times n columns, from `start` on, of the rows of w [rows, step]. */
void tinyc_dot_rows_s8(int32_t n, int32_t rows, int32_t step, int32_t start, const int8_t *x, const int8_t *w,
                       int32_t *sums);

/* What tinyc_mean_s8 makes of these n sums of `count` values each. */
void tinyc_mean_of_sums_s8(int32_t n, int32_t count, const tinyc_mean_params *params, const int32_t *sums, int8_t *y);

/* Where averages go that are halfway between two numbers. */
enum { TINYC_TIES_AWAY = 0 /* from zero */, TINYC_TIES_EVEN = 1, TINYC_TIES_ODD = 2 };

/* sums / count to nearest, clamped to the int8 values low and high. */
void tinyc_quotients_s8(int32_t n, int32_t count, int32_t ties, int32_t low, int32_t high, const int32_t *sums,
                        int8_t *y);

/* y = scale(sum + bias) + y_offset with a scale for each; low and high are int8 values. */
typedef struct {
    int32_t y_offset, low, high;
} tinyc_dense_params;

void tinyc_dense_of_sums_s8(int32_t n, const tinyc_dense_params *params, const int32_t *bias,
                            const int32_t *multiplier, const int32_t *shift, const int32_t *sums, int8_t *y);

/* `bytes` bytes of the value's lowest byte. */
void tinyc_fill(void *dst, int32_t value, int32_t bytes);

/* `bytes` bytes from src to dst, which lies below src and may overlap it. */
void tinyc_move(int32_t bytes, const void *src, void *dst);

/* The cell at the integer part of the place; elements of any type. */
void tinyc_resize_nearest(const tinyc_resize_params *params, int32_t element_bytes, const void *x, void *y);

/* The four cells around the place, blended; in int8 with weights of 11 bits, rounded to nearest, ties up. */
void tinyc_resize_linear_f32(const tinyc_resize_params *params, const float *x, float *y);
void tinyc_resize_linear_s8(const tinyc_resize_params *params, const int8_t *x, int8_t *y);

/* Row r of `row_bytes` bytes (0 allowed) from src + r * src_stride to dst + dst_offset + r * dst_stride. */
void tinyc_copy_rows(int32_t rows, int32_t row_bytes, const void *src, int32_t src_stride, int32_t dst_offset,
                     void *dst, int32_t dst_stride);

/* A convolution for Helium. Results come `strip` neighbouring pixels at a time, filter after filter; `direct` says that
 * the kernel is one cell without padding, so that windows are read where they are. The zero point of x is `zero`. */
typedef struct {
    int32_t batches;
    int32_t in_h, in_w, in_c;
    int32_t out_h, out_w, out_c;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left; /* those below and to the right follow from the size of the result */
    int32_t dilation_h;        /* columns are neighbours */
    int32_t strip, direct, zero;
    tinyc_stage stage;
} tinyc_conv_vectors_params;

/* w: for four filters at a time, the last ones filled up with zeros, four biases (less zero times the sum of the filter),
 * the words of their scales one after another, and then [steps][4][16] weights in the order of columns, rows, channels.
 * The workspace holds the columns of a strip, [columns][kernel_h][in_c], and 15 bytes behind. If in_c < 16, then
 * (16 / in_c - 1) * kernel_h * in_c + in_c is at most 256. */
void tinyc_conv_vectors_s8(const tinyc_conv_vectors_params *params, const int8_t *x, const int32_t *w, int8_t *strip,
                           int8_t *y);

/* A depthwise convolution for Helium: as many channels out as in, at least 4; a kernel of at most 8 x 8. */
typedef struct {
    int32_t batches;
    int32_t in_h, in_w, channels;
    int32_t out_h, out_w;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left; /* those below and to the right follow from the size of the result */
    int32_t dilation_h;        /* columns are neighbours */
    int32_t zero;              /* the zero point of x */
    tinyc_stage stage;
} tinyc_depthwise_vectors_params;

/* w: for four channels at a time, the last four overlapping those before with zeros, four biases (less zero times the sum
 * of the filter), the words of their scales one after another, and for each block of the kernel [4 channels][columns][rows]
 * weights. A block is 4 columns of 4 rows, or 2 columns of 8 where the kernel has more than 4 rows. The workspace holds
 * the columns that a row of results sees, and all but one of a block more, in 16 or 32 bytes each. */
void tinyc_depthwise_vectors_s8(const tinyc_depthwise_vectors_params *params, const int8_t *x, const int32_t *w,
                                int8_t *strip, int8_t *y);

/* A convolution, or a matrix product (a kernel of one cell), for cores with the DSP extension. */
typedef struct {
    int32_t batches;
    int32_t in_h, in_w, in_c;
    int32_t out_h, out_w, out_c;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left; /* those below and to the right follow from the size of the result */
    int32_t pad_value;         /* of the cells outside x: its zero point */
    tinyc_stage stage;
} tinyc_conv_pairs_params;

/* w: the filters two by two, as tinyc_pairs.h says; in bytes, with stage.bits = 8, or wide, as int16. In a column come
 * first the whole words of each row of the kernel, then the bytes that are left of each. The sum of a filter starts at
 * its bias less pad_value times the sum of its weights. The workspace holds two columns of int16. */
void tinyc_conv_pairs_s8(const tinyc_conv_pairs_params *params, const int8_t *x, const int32_t *w, uint32_t *workspace,
                         int8_t *y);
void tinyc_conv_pairs_wide_s8(const tinyc_conv_pairs_params *params, const int8_t *x, const int32_t *w,
                              uint32_t *workspace, int8_t *y);

/* Products of `rows` rows of `row` int8, made for their constants. An operand moves on by its step from row to row:
 * `row`, or 0 if it is the same for all. y = scale((a + a_offset) * (b + b_offset)). The result may take the place of an
 * operand of its size. */
typedef struct {
    int32_t rows, row;
    int32_t a_step, b_step;
    int32_t a_offset, b_offset;
    int32_t scale[2];
    tinyc_stage stage;
} tinyc_mul_rows_params;

void tinyc_mul_rows_s8(const tinyc_mul_rows_params *params, const int8_t *a, const int8_t *b, int8_t *y);

/* y [outer, inner] = scale(start + the sum of x [outer, count, inner] over its middle axis), which the result may run
 * over from its start on. */
typedef struct {
    int32_t outer, count, inner;
    int32_t start;
    int32_t scale[2];
    tinyc_stage stage;
} tinyc_mean_rows_params;

void tinyc_mean_rows_s8(const tinyc_mean_rows_params *params, const int8_t *x, int8_t *y);

/* A convolution, or a matrix product (a kernel of one cell), for cores without the DSP extension. */
typedef struct {
    int32_t batches;
    int32_t in_h, in_w, in_c;
    int32_t out_h, out_w, out_c;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left; /* those below and to the right follow from the size of the result */
    int32_t pad_value;         /* of the cells outside x: its zero point */
    int32_t steps;             /* of four weights: those of a filter, rounded up */
    tinyc_stage stage;
} tinyc_conv_plain_params;

/* w: for each two filters, the last one filled up with zeros: their starts (the bias less pad_value times the sum of the
 * weights), the words of the first one's scale and of the second one's, and the weights, steps * 4 of each, in turn.
 * No sum of a filter's products leaves 23 bits, but on ARMv6-M. The workspace holds the windows of four pixels, in 8
 * bytes (on ARMv6-M 16) for each of steps * 4 weights, and in_c bytes more where there is padding. */
void tinyc_conv_plain_s8(const tinyc_conv_plain_params *params, const int8_t *x, const int32_t *w, uint32_t *workspace,
                         int8_t *y);

/* A depthwise convolution for cores without the DSP extension. */
typedef struct {
    int32_t batches;
    int32_t in_h, in_w, channels;
    int32_t out_h, out_w, multiplier; /* the result has channels * multiplier channels */
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left; /* those below and to the right follow from the size of the result */
    int32_t pad_value;         /* of the cells outside x: its zero point */
    int32_t plane_w;           /* columns that a row of results sees, and what makes it a multiple of four */
    tinyc_stage stage;
} tinyc_depthwise_plain_params;

/* w: for each channel of the result its start (the bias less pad_value + 128 times the sum of the weights), the
 * words of its scale, and its weights, filled up to whole words. The workspace holds the rows that a row of results sees,
 * channel by channel: channels * kernel_h * plane_w bytes. */
void tinyc_depthwise_plain_s8(const tinyc_depthwise_plain_params *params, const int8_t *x, const int32_t *w,
                              uint32_t *workspace, int8_t *y);

/* A dense layer for cores without the DSP extension: y [rows, out] = x [rows, depth] times the transpose of the weights. */
typedef struct {
    int32_t rows, depth, out;
    tinyc_stage stage;
} tinyc_dense_plain_params;

/* w: for each four filters, the last ones filled up with zeros: their starts (the bias less 128 + the zero point of x
 * times the sum of the weights), the words of their scales one after another, and the weights [depth][4], 128 too high. */
void tinyc_dense_plain_s8(const tinyc_dense_plain_params *params, const int8_t *x, const int32_t *w, int8_t *y);

/* Poolings in int8, four channels at a time. Every window has a cell inside the input; the cells outside do not count. */
typedef struct {
    int32_t batches;
    int32_t in_h, in_w, channels;
    int32_t out_h, out_w;
    int32_t kernel_h, kernel_w; /* for averages at most 128 cells */
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left;
    int32_t low, high;
    int32_t ties; /* of averages */
} tinyc_pool_blocks_params;

void tinyc_max_blocks_s8(const tinyc_pool_blocks_params *params, const int8_t *x, int8_t *y);

/* quotients: for each count of cells, from 0 on, a factor and a term. The average of so many values is (sum * factor +
 * term) / 2^22, rounded down. If the count is even: where ties go away from zero, 1 is taken first from a sum that is
 * negative; otherwise the factor is added once more to what would become an odd number (an even one). */
void tinyc_average_blocks_s8(const tinyc_pool_blocks_params *params, const int32_t *quotients, const int8_t *x,
                             int8_t *y);

/* A depthwise convolution on pairs of rows: strides 1 or 2, kernel_h at least 2. `block`: channels whose rows are spread
 * over words at a time. Each block is done before the next, and the result may follow behind x if that is all; or, with
 * `again`, all are at each step, which spreads their rows anew. The zero point of x is `zero`. */
typedef struct {
    int32_t batches;
    int32_t in_h, in_w, channels;
    int32_t out_h, out_w, multiplier; /* the result has channels * multiplier channels */
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left; /* those below and to the right follow from the size of the result */
    int32_t block, again, zero;
    tinyc_stage stage;
} tinyc_depthwise_planes_params;

/* w: for each channel of the result its bias, the words of its scale, and for rows j of taps, 0, 2, 4, ... and each column
 * a word: from its lowest byte on taps j, j + 1, j + 1, j + 2, where an even kernel_h has one row of zeros more. `planes`
 * has (kernel_h / 2 + 1) * ((out_w - 1) * stride_w + kernel_w) words for each channel of a block. */
void tinyc_depthwise_planes_s8(const tinyc_depthwise_planes_params *params, const int8_t *x, const int32_t *w,
                               uint32_t *planes, int8_t *y);

/* Both of tinyc_conv_pairs_s8, or if `wide` of tinyc_conv_pairs_wide_s8, and of tinyc_depthwise_planes_s8 on its result, all
 * channels one block. The workspace has the planes of an even number of channels, and a column of two pixels. */
typedef struct {
    tinyc_conv_pairs_params conv;
    tinyc_depthwise_planes_params depthwise;
    int32_t wide;
} tinyc_conv_depthwise_params;

void tinyc_conv_depthwise_s8(const tinyc_conv_depthwise_params *params, const int8_t *x, const int32_t *w,
                             const int32_t *taps, uint32_t *workspace, int8_t *y);

/* An exact integer Winograd convolution: kernels of 3 by 3, stride 1, in_c a multiple of 4. `tiles` of two by two results
 * are made at a time, an even number; the zero point of x is `zero`. Four times a sum must fit int32: stage.bits is 2. */
typedef struct {
    int32_t batches;
    int32_t in_h, in_w, in_c;
    int32_t out_h, out_w, out_c;
    int32_t pad_top, pad_left; /* those below and to the right follow from the size of the result */
    int32_t tiles, zero;
    tinyc_stage stage;
} tinyc_winograd_params;

/* w: for two filters at a time, the last filled up with zeros: four times the biases, the turned weights as
 * tinyc_winograd_s8.h says, and the words of the scales. The workspace has 8 * tiles * in_c words for turned cells, and 16 *
 * tiles + 16 for a row of columns. */
void tinyc_winograd_s8(const tinyc_winograd_params *params, const int8_t *x, const int32_t *w, uint32_t *workspace,
                       int8_t *y);
/* Makes that w of plain weights [out, 3, 3, depth]. stages: for two filters at a time the starts and the scales. */
void tinyc_winograd_prepare_s8(int32_t out, int32_t depth, const int32_t *stages, const int8_t *w, int32_t *packed);

#include "tinyc_elementwise_kernels.h"
#include "tinyc_point_kernels.h"
#include "tinyc_pool_kernels.h"
#include "tinyc_sequence_kernels.h"
#include "tinyc_sum_kernels.h"

#ifdef __cplusplus
}
#endif

#endif
