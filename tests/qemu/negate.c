/* A model written by hand, with the interface of generated ones: layer 0 negates eight int8 values with saturation,
 * layer 1 adds one to each. Arena: input at 0, layer 0's result at 16, output at 32; bytes 48..63 are never touched.
 * EXTRA is a statement of the test's that runs in layer 1. */
#include "negate.h"

static int8_t *arena;

int negate_init(void *memory, size_t bytes)
{
    if (bytes < NEGATE_ARENA_BYTES || (uintptr_t)memory % NEGATE_ARENA_ALIGN != 0) {
        return -1;
    }
    arena = memory;
    return 0;
}

void *negate_input(int32_t index)
{
    return arena + index;
}

const void *negate_output(int32_t index)
{
    return arena + 32 + index;
}

int negate_run(void)
{
    for (int i = 0; i < 8; ++i) {
        arena[16 + i] = arena[i] == -128 ? 127 : (int8_t)-arena[i];
    }
    TINYC_LAYER_DONE(0);
    for (int i = 0; i < 8; ++i) {
        arena[32 + i] = (int8_t)(arena[16 + i] + 1);
    }
    EXTRA
    TINYC_LAYER_DONE(1);
    return 0;
}
