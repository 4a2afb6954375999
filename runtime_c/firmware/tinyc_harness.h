/* Runs a compiled model on samples from a file of the emulator's machine, and measures it.
 *
 * Files, all in the emulator's working directory, bytes exactly as in the arena:
 *   input.bin   (read)    all inputs of sample 0 one after another, then those of sample 1, ...
 *   output.bin  (written) all outputs of sample 0 one after another, then those of sample 1, ...
 *   layers.bin  (written when the command line holds "dump-layers") for each sample the results in model->results
 *   stats.txt   (written) lines of a key and a number:
 *     samples n                    how many ran
 *     instructions_first|min|max n of one run(); with TINYC_TRACE the sum of its layers and of what follows the last
 *     layer i n                    instructions of layer i in sample 0 (only with TINYC_TRACE); several lines add up
 *     arena_bytes n, arena_high_water n      what the model declares, and the highest byte that it touches
 *     stack_high_water n           bytes of stack that init() and run() need
 *     reads_uninitialised 0|1      1: sample 0 gives other outputs when the arena held other bytes before
 * On the console: "progress <done> <samples>", "error <what>", and "fault <registers>" lines. Exit status 0 is success.
 */
#ifndef TINYC_HARNESS_H
#define TINYC_HARNESS_H

#include <stddef.h>
#include <stdint.h>

#include "tinyc_arena.h"

/* Bytes that hold a result, or a part of one, right after a step has run. */
typedef struct {
    int32_t step;    /* 0-based: that many calls of TINYC_LAYER_DONE come before its own */
    uint32_t offset; /* from the arena's start */
    uint32_t bytes;
} tinyc_result;

typedef struct {
    const char *name;
    int (*init)(void *, size_t);
    int (*run)(void);
    void *(*input)(int32_t);
    const void *(*output)(int32_t);
    int32_t n_inputs;
    const uint32_t *input_bytes;
    int32_t n_outputs;
    const uint32_t *output_bytes;
    int32_t n_layers;
    size_t arena_bytes;
    int32_t n_results; /* 0 when no layer is to be dumped */
    const tinyc_result *results; /* by step */
} tinyc_model;

/* `guarded` has TINYC_GUARDED(model->arena_bytes) bytes, aligned as the arena must be. Returns 0, or exits. */
int tinyc_harness(const tinyc_model *model, uint8_t *guarded);

/* Called by the generated code after layer `layer`, or a part of it, when it is compiled with TINYC_TRACE. */
void tinyc_layer_done(int32_t layer);

#endif
