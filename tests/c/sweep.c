/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs every kernel of runtime_c/cmsis_nn on the same pseudo-random cases wherever it is built, and prints one line a
 * case: the function, the case's number and a hash of status, output and what lies behind output and workspace. Two
 * builds agree exactly when their output is equal. SWEEP_CASES cases a function, on about 24 KiB of RAM.
 */
#include "arm_nnfunctions.h"

#include <stddef.h>
#include <string.h>

void sweep_print(const char *text); /* the platform's */
int sweep_main(void);

#ifndef SWEEP_CASES
#define SWEEP_CASES 60
#endif

enum
{
    MAX_IN = 2304,
    MAX_WEIGHTS = 2304,
    MAX_OUT = 2304,
    MAX_WORKSPACE = 12544,
    MAX_CHANNELS = 40,
    CANARY = 16
};

static int8_t input[MAX_IN];
static int8_t second[MAX_IN];
static int8_t weights[MAX_WEIGHTS];
static int8_t output[MAX_OUT + CANARY];
static int32_t workspace[(MAX_WORKSPACE + CANARY) / 4];
static int32_t bias[MAX_CHANNELS];
static int32_t multiplier[MAX_CHANNELS];
static int32_t shift[MAX_CHANNELS];

static uint32_t state = 1;

static uint32_t next(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

/* In [low, high]. */
static int32_t between(int32_t low, int32_t high)
{
    return low + (int32_t)((next() >> 8) % (uint32_t)(high - low + 1));
}

static int one_in(int32_t n)
{
    return between(1, n) == 1;
}

/* Random values, at times extreme ones only. */
static void fill(int8_t *to, int32_t count)
{
    const int extreme = one_in(8);
    for (int32_t i = 0; i < count; i++)
    {
        to[i] = (int8_t)(extreme ? (one_in(2) ? -128 : 127) : between(-128, 127));
    }
}

/* Scales that bring sums of `depth` products near the int8 range. */
static void fill_scales(int32_t channels, int32_t depth)
{
    int32_t down = 4;
    for (int32_t d = depth; d > 1; d /= 4)
    {
        down++;
    }
    for (int32_t i = 0; i < channels; i++)
    {
        bias[i] = between(-4000, 4000);
        multiplier[i] = (int32_t)(0x40000000u + (next() >> 2));
        shift[i] = one_in(20) ? between(-31, 3) : between(-down - 2, -down + 2);
    }
}

static cmsis_nn_activation activation(void)
{
    cmsis_nn_activation range = {-128, 127};
    if (one_in(3))
    {
        range.min = between(-128, 0);
        range.max = between(range.min, 127);
    }
    return range;
}

static void prepare(void)
{
    memset(output, 0x5A, sizeof output);
    memset(workspace, 0x5A, sizeof workspace);
}

static void report(const char *name, int32_t number, int32_t status, int32_t bytes, int32_t workspace_bytes)
{
    uint32_t hash = 2166136261u ^ (uint32_t)status;
    for (int32_t i = 0; i < bytes + CANARY; i++)
    {
        hash = (hash ^ (uint8_t)output[i]) * 16777619u;
    }
    const uint8_t *const behind = (const uint8_t *)workspace + workspace_bytes;
    for (int32_t i = 0; i < CANARY; i++)
    {
        hash = (hash ^ behind[i]) * 16777619u;
    }
    char line[64];
    size_t at = strlen(name);
    memcpy(line, name, at);
    line[at++] = ' ';
    for (int32_t unit = 1000; unit > 0; unit /= 10)
    {
        line[at++] = (char)('0' + number / unit % 10);
    }
    line[at++] = ' ';
    for (int32_t bit = 28; bit >= 0; bit -= 4)
    {
        line[at++] = "0123456789abcdef"[(hash >> bit) & 15u];
    }
    line[at++] = '\n';
    line[at] = 0;
    sweep_print(line);
}

/* Cells of an output axis, or 0 where the window does not fit; `padding` a side. */
static int32_t cells(int32_t extent, int32_t kernel, int32_t stride, int32_t dilation, int32_t padding)
{
    const int32_t span = extent + 2 * padding - dilation * (kernel - 1) - 1;
    return span < 0 ? 0 : span / stride + 1;
}

static void sweep_convolve(int32_t number)
{
    const int32_t groups = one_in(4) ? between(2, 4) : 1;
    const int32_t depth = one_in(3) ? 4 * between(1, 5) : between(1, 9);
    const int pointwise = one_in(3);
    const int32_t row = one_in(6) ? 1 : 0;
    cmsis_nn_dims in = {between(1, 2), row ? 1 : between(1, 7), between(1, 7), groups * depth};
    cmsis_nn_dims kernel = {0, row || pointwise ? 1 : between(1, 4), pointwise ? 1 : between(1, 4), depth};
    cmsis_nn_conv_params p = {between(-127, 128), between(-128, 127), {between(1, 3), row ? 1 : between(1, 3)}, {0, 0},
                              {1, 1},             activation()};
    if (!pointwise)
    {
        p.padding.w = between(0, kernel.w - 1);
        p.padding.h = between(0, kernel.h - 1);
        p.dilation.w = one_in(4) ? 2 : 1;
        p.dilation.h = one_in(4) ? 2 : 1;
    }
    if (pointwise && one_in(2))
    {
        p.stride.w = p.stride.h = 1;
    }
    cmsis_nn_dims out = {in.n, cells(in.h, kernel.h, p.stride.h, p.dilation.h, p.padding.h),
                         cells(in.w, kernel.w, p.stride.w, p.dilation.w, p.padding.w), groups * between(1, 9)};
    kernel.n = out.c;
    const int32_t taps = kernel.h * kernel.w * depth;
    const int32_t bytes = out.n * out.h * out.w * out.c;
    if (bytes == 0 || bytes > MAX_OUT || out.c > MAX_CHANNELS || in.n * in.h * in.w * in.c > MAX_IN ||
        taps * out.c > MAX_WEIGHTS)
    {
        return;
    }
    const cmsis_nn_context ctx = {workspace, arm_convolve_wrapper_s8_get_buffer_size(&p, &in, &kernel, &out)};
    if (ctx.size > MAX_WORKSPACE)
    {
        return;
    }
    fill(input, in.n * in.h * in.w * in.c);
    fill(weights, taps * out.c);
    fill_scales(out.c, taps);
    const cmsis_nn_per_channel_quant_params scales = {multiplier, shift};
    const cmsis_nn_dims none = {0, 0, 0, 0};
    const int32_t *const start = groups == 1 && one_in(5) ? NULL : bias;
    prepare();
    const arm_cmsis_nn_status status =
        arm_convolve_wrapper_s8(&ctx, &p, &scales, &in, input, &kernel, weights, &none, start, &out, output);
    report("convolve", number, status, bytes, ctx.size);
}

static void sweep_depthwise(int32_t number)
{
    const int32_t times = one_in(3) ? between(1, 8) : 1;
    const cmsis_nn_dims in = {one_in(4) ? 2 : 1, between(1, 7), between(1, 7), one_in(5) ? 1 : between(1, 33)};
    const int three = one_in(2);
    const cmsis_nn_dims kernel = {1, three ? 3 : between(1, 5), three ? 3 : between(1, 5), in.c * times};
    cmsis_nn_dw_conv_params p = {between(-127, 128), between(-128, 127), times, {between(1, 3), between(1, 3)}, {0, 0},
                                 {1, 1},             activation()};
    p.padding.w = between(0, kernel.w - 1);
    p.padding.h = between(0, kernel.h - 1);
    p.dilation.w = one_in(5) ? 2 : 1;
    p.dilation.h = one_in(5) ? 2 : 1;
    const cmsis_nn_dims out = {in.n, cells(in.h, kernel.h, p.stride.h, p.dilation.h, p.padding.h),
                               cells(in.w, kernel.w, p.stride.w, p.dilation.w, p.padding.w), kernel.c};
    const int32_t bytes = out.n * out.h * out.w * out.c;
    const int32_t taps = kernel.h * kernel.w;
    if (bytes == 0 || bytes > MAX_OUT || out.c > MAX_CHANNELS || taps * out.c > MAX_WEIGHTS ||
        in.n * in.h * in.w * in.c > MAX_IN)
    {
        return;
    }
    const cmsis_nn_context ctx = {workspace, arm_depthwise_conv_wrapper_s8_get_buffer_size(&p, &in, &kernel, &out)};
    fill(input, in.n * in.h * in.w * in.c);
    fill(weights, taps * out.c);
    fill_scales(out.c, taps);
    const cmsis_nn_per_channel_quant_params scales = {multiplier, shift};
    const cmsis_nn_dims none = {0, 0, 0, 0};
    const int32_t *const start = one_in(5) ? NULL : bias;
    if (ctx.size > MAX_WORKSPACE)
    {
        return;
    }
    prepare();
    const arm_cmsis_nn_status status =
        arm_depthwise_conv_wrapper_s8(&ctx, &p, &scales, &in, input, &kernel, weights, &none, start, &out, output);
    report("depthwise", number, status, bytes, ctx.size);
}

static void sweep_fully_connected(int32_t number)
{
    const int32_t depth = between(1, 70);
    const int32_t channels = between(1, 30);
    const cmsis_nn_dims in = {between(1, 3), 1, 1, depth};
    const cmsis_nn_dims filter = {depth, 1, 1, channels};
    const cmsis_nn_dims out = {in.n, 1, 1, channels};
    const cmsis_nn_fc_params p = {between(-127, 128), one_in(3) ? between(-127, 128) : 0, between(-128, 127),
                                  activation()};
    if (depth * channels > MAX_WEIGHTS)
    {
        return;
    }
    fill(input, in.n * depth);
    fill(weights, depth * channels);
    fill_scales(channels, depth);
    const int32_t *const start = one_in(5) ? NULL : bias;
    const cmsis_nn_dims none = {0, 0, 0, 0};
    const cmsis_nn_context ctx = {workspace, arm_fully_connected_s8_get_buffer_size(&filter)};
    prepare();
    arm_vector_sum_s8(workspace, depth, channels, weights, p.input_offset, p.filter_offset, start);
    memcpy(output, workspace, (size_t)channels * 4u);
    report("vector_sum", number, 0, channels * 4, channels * 4);

    prepare();
    if (ctx.size > 0)
    {
        arm_vector_sum_s8(workspace, depth, channels, weights, p.input_offset, p.filter_offset, start);
    }
    const cmsis_nn_per_tensor_quant_params scale = {multiplier[0], shift[0]};
    arm_cmsis_nn_status status =
        arm_fully_connected_s8(&ctx, &p, &scale, &in, input, &filter, weights, &none, start, &out, output);
    report("fully_connected", number, status, in.n * channels, ctx.size);

    prepare();
    if (ctx.size > 0)
    {
        arm_vector_sum_s8(workspace, depth, channels, weights, p.input_offset, p.filter_offset, start);
    }
    const cmsis_nn_per_channel_quant_params scales = {multiplier, shift};
    status =
        arm_fully_connected_per_channel_s8(&ctx, &p, &scales, &in, input, &filter, weights, &none, start, &out, output);
    report("fully_connected_per_channel", number, status, in.n * channels, ctx.size);
}

static void sweep_pool(int32_t number)
{
    const cmsis_nn_dims in = {between(1, 2), between(1, 9), between(1, 9), between(1, 37)};
    const cmsis_nn_dims kernel = {1, between(1, in.h), between(1, in.w), 1};
    const cmsis_nn_pool_params p = {{between(1, 3), between(1, 3)},
                                    {between(0, kernel.w / 2), between(0, kernel.h / 2)},
                                    activation()};
    const cmsis_nn_dims out = {in.n, cells(in.h, kernel.h, p.stride.h, 1, p.padding.h),
                               cells(in.w, kernel.w, p.stride.w, 1, p.padding.w), in.c};
    const int32_t bytes = out.n * out.h * out.w * out.c;
    if (bytes == 0 || bytes > MAX_OUT || in.n * in.h * in.w * in.c > MAX_IN)
    {
        return;
    }
    fill(input, in.n * in.h * in.w * in.c);
    const cmsis_nn_context ctx = {workspace, arm_avgpool_s8_get_buffer_size(out.w, in.c)};
    prepare();
    arm_cmsis_nn_status status = arm_avgpool_s8(&ctx, &p, &in, input, &kernel, &out, output);
    report("avgpool", number, status, bytes, ctx.size);
    prepare();
    status = arm_max_pool_s8(&ctx, &p, &in, input, &kernel, &out, output);
    report("max_pool", number, status, bytes, 0);
}

static void sweep_elementwise(int32_t number)
{
    const int32_t count = between(1, 100);
    const cmsis_nn_activation range = activation();
    fill(input, count);
    fill(second, count);
    fill_scales(3, 1);
    const int32_t offset_1 = between(-127, 128);
    const int32_t offset_2 = between(-127, 128);
    const int32_t offset = between(-128, 127);
    const int32_t down_1 = -between(0, 4);
    const int32_t down_2 = -between(0, 4);
    const int32_t down_sum = -between(16, 22);
    const int32_t down_product = -between(0, 10);
    prepare();
    arm_cmsis_nn_status status = arm_elementwise_add_s8(
        input, second, offset_1, multiplier[0], down_1, offset_2, multiplier[1], down_2, 20, output, offset,
        multiplier[2], down_sum, range.min, range.max, count);
    report("add", number, status, count, 0);
    prepare();
    status = arm_elementwise_mul_s8(input, second, offset_1, offset_2, output, offset, multiplier[2], down_product,
                                    range.min, range.max, count);
    report("mul", number, status, count, 0);
}

static void sweep_softmax(int32_t number)
{
    const int32_t rows = between(1, 3);
    const int32_t size = between(1, 40);
    const int32_t up = between(18, 23);
    const int32_t factor = (int32_t)(0x40000000u + (next() >> 2));
    fill(input, rows * size);
    prepare();
    arm_softmax_s8(input, rows, size, factor, up, -((1 << (31 - up)) - 1), output);
    report("softmax", number, 0, rows * size, 0);
}

static cmsis_nn_dims small(int32_t high)
{
    const cmsis_nn_dims dims = {between(0, high), between(0, high), between(0, high), between(0, high)};
    return dims;
}

static void sweep_moves(int32_t number)
{
    cmsis_nn_dims in = small(5);
    in.n++;
    in.h++;
    in.w++;
    in.c++;
    fill(input, in.n * in.h * in.w * in.c);
    const cmsis_nn_dims before = small(2);
    const cmsis_nn_dims after = small(2);
    const int32_t padded = (in.n + before.n + after.n) * (in.h + before.h + after.h) * (in.w + before.w + after.w) *
                           (in.c + before.c + after.c);
    if (padded <= MAX_OUT)
    {
        prepare();
        const int32_t status = arm_pad_s8(input, output, (int8_t)between(-128, 127), &in, &before, &after);
        report("pad", number, status, padded, 0);
    }

    /* Every permutation but those that keep the two outer axes or the order of a matrix. */
    uint32_t axes[4] = {0, 1, 2, 3};
    const int32_t rank = between(3, 4);
    for (int32_t i = rank - 1; i > 0; i--)
    {
        const int32_t j = between(0, i);
        const uint32_t kept = axes[i];
        axes[i] = axes[j];
        axes[j] = kept;
    }
    const int32_t extent[4] = {in.n, in.h, in.w, rank == 4 ? in.c : 1};
    const cmsis_nn_dims from = {extent[0], extent[1], extent[2], extent[3]};
    const cmsis_nn_dims to = {extent[axes[0]], extent[axes[1]], extent[axes[2]], extent[axes[3]]};
    const cmsis_nn_transpose_params order = {rank, axes};
    prepare();
    const int32_t status = arm_transpose_s8(input, output, &from, &to, &order);
    report("transpose", number, status, from.n * from.h * from.w * from.c, 0);

    const uint16_t x = (uint16_t)in.c;
    const uint16_t y = (uint16_t)in.w;
    const uint16_t z = (uint16_t)in.h;
    const uint16_t w = (uint16_t)in.n;
    const int32_t cells_in = in.n * in.h * in.w * in.c;
    prepare();
    arm_concatenation_s8_x(input, x, y, z, w, output, (uint16_t)(x + 1u), 1);
    report("concatenation_x", number, 0, cells_in / x * (x + 1), 0);
    prepare();
    arm_concatenation_s8_y(input, x, y, z, w, output, (uint16_t)(y + 1u), 1);
    report("concatenation_y", number, 0, cells_in / y * (y + 1), 0);
    prepare();
    arm_concatenation_s8_z(input, x, y, z, w, output, (uint16_t)(z + 1u), 1);
    report("concatenation_z", number, 0, cells_in / z * (z + 1), 0);
    prepare();
    arm_concatenation_s8_w(input, x, y, z, w, output, 1);
    report("concatenation_w", number, 0, cells_in / w * (w + 1), 0);
}

static void repeat(void (*sweep)(int32_t), uint32_t seed)
{
    for (int32_t i = 0; i < SWEEP_CASES; i++)
    {
        state = seed + (uint32_t)i * 2654435761u + 1u;
        for (int32_t warm = 0; warm < 4; warm++)
        {
            next();
        }
        sweep(i);
    }
}

int sweep_main(void)
{
    repeat(sweep_convolve, 100u);
    repeat(sweep_depthwise, 200u);
    repeat(sweep_fully_connected, 300u);
    repeat(sweep_pool, 400u);
    repeat(sweep_elementwise, 500u);
    repeat(sweep_softmax, 600u);
    repeat(sweep_moves, 700u);
    return 0;
}
