/* See tinyc_selftest.h. */
#include "tinyc_selftest.h"

#include <string.h>

#include "tinyc_firmware.h"
#include "tinyc_timer.h"

#define PATTERN 0x5A

volatile tinyc_selftest_verdict tinyc_selftest;

static const uint8_t *copy_inputs(const tinyc_model *model, const uint8_t *from)
{
    for (int32_t i = 0; i < model->n_inputs; ++i) {
        memcpy(model->input(i), from, model->input_bytes[i]);
        from += model->input_bytes[i];
    }
    return from;
}

static const uint8_t *compare_outputs(const tinyc_model *model, const uint8_t *expected)
{
    uint32_t mismatches = 0;
    for (int32_t i = 0; i < model->n_outputs; ++i) {
        const uint8_t *const came = model->output(i);
        for (uint32_t k = 0; k < model->output_bytes[i]; ++k) {
            mismatches += came[k] != *expected++;
        }
    }
    tinyc_selftest.mismatches += mismatches;
    return expected;
}

static void record_ticks(uint32_t ticks)
{
    if (tinyc_selftest.runs == 0 || ticks < tinyc_selftest.ticks_min) {
        tinyc_selftest.ticks_min = ticks;
    }
    if (ticks > tinyc_selftest.ticks_max) {
        tinyc_selftest.ticks_max = ticks;
    }
}

/* 0, or 1 when the model cannot go on. */
static int run_samples(const tinyc_model *model, const tinyc_test_vectors *vectors)
{
    const tinyc_timer timer = tinyc_timer_start();
    const uint8_t *input = vectors->input;
    const uint8_t *expected = vectors->expected;
    for (uint32_t sample = 0; sample < vectors->samples; ++sample) {
        input = copy_inputs(model, input);
        const uint32_t before = *timer.count;
        const int failed = model->run();
        record_ticks((*timer.count - before) * timer.direction);
        tinyc_selftest.runs += 1;
        if (failed != 0) {
            tinyc_selftest.failed_layer = (uint32_t)failed;
            return 1;
        }
        expected = compare_outputs(model, expected);
    }
    return 0;
}

int tinyc_run_selftest(const tinyc_model *model, uint8_t *guarded, const tinyc_test_vectors *vectors)
{
    tinyc_selftest.magic = TINYC_SELFTEST_MAGIC;
    tinyc_selftest.state = TINYC_SELFTEST_RUNNING;
    tinyc_arena_fill(guarded, model->arena_bytes, PATTERN);
    tinyc_stack_paint();
    int failed = model->init(guarded + TINYC_GUARD_BYTES, model->arena_bytes) != 0 || run_samples(model, vectors) != 0;
    tinyc_selftest.stack_high_water = tinyc_stack_used();
    tinyc_selftest.arena_high_water = (uint32_t)tinyc_arena_high_water(guarded, model->arena_bytes, PATTERN);
    tinyc_selftest.overrun = tinyc_arena_overrun(guarded, model->arena_bytes) != 0 || tinyc_stack_overflowed();
    failed |= tinyc_selftest.mismatches != 0 || tinyc_selftest.overrun != 0;
    tinyc_selftest.state = failed ? TINYC_SELFTEST_FAILED : TINYC_SELFTEST_PASSED;
    return failed;
}

_Noreturn void tinyc_exit(int status)
{
    (void)status; /* it is in tinyc_selftest */
    for (;;) {
        __asm volatile("wfi");
    }
}

_Noreturn void tinyc_fault_report(const tinyc_fault *fault)
{
    tinyc_selftest.fault_exception = fault->exception;
    tinyc_selftest.fault_pc = fault->pc;
    tinyc_selftest.fault_lr = fault->lr;
    tinyc_selftest.fault_cfsr = fault->cfsr;
    tinyc_selftest.fault_address = fault->address;
    tinyc_selftest.state = TINYC_SELFTEST_FAULTED;
    tinyc_exit(1);
}
