/* The main of a board without semihosting: runs the samples that are compiled in, compares every output byte, and leaves
 * the verdict in `tinyc_selftest`, where a debugger reads it (`print tinyc_selftest` in gdb). */
#ifndef TINYC_SELFTEST_H
#define TINYC_SELFTEST_H

#include "tinyc_harness.h"

#define TINYC_SELFTEST_MAGIC UINT32_C(0x54794E63) /* set once the self-test has begun */

typedef enum {
    TINYC_SELFTEST_RUNNING = 1,
    TINYC_SELFTEST_PASSED = 2,
    TINYC_SELFTEST_FAILED = 3,  /* mismatches, a layer's error, or an overrun */
    TINYC_SELFTEST_FAULTED = 4  /* see the fault_ fields */
} tinyc_selftest_state;

typedef struct {
    uint32_t magic;
    uint32_t state; /* a tinyc_selftest_state */
    uint32_t runs;
    uint32_t mismatches;   /* output bytes that differ, over all runs */
    uint32_t failed_layer; /* 1-based, as run() returned it; 0 none */
    uint32_t overrun;      /* 1: a guard before or behind the arena, or the stack's last word, was overwritten */
    uint32_t ticks_min, ticks_max; /* of one run, of the board's timer: the core's cycles where that is the DWT */
    uint32_t arena_high_water, stack_high_water; /* bytes */
    uint32_t fault_exception, fault_pc, fault_lr, fault_cfsr, fault_address; /* as in tinyc_fault */
} tinyc_selftest_verdict;

typedef struct {
    uint32_t samples;
    const uint8_t *input;    /* all inputs of sample 0 one after another, then those of sample 1, ... */
    const uint8_t *expected; /* likewise the outputs */
} tinyc_test_vectors;

extern volatile tinyc_selftest_verdict tinyc_selftest;

/* 0 when every byte is as expected, else 1. */
int tinyc_run_selftest(const tinyc_model *model, uint8_t *guarded, const tinyc_test_vectors *vectors);

#endif
