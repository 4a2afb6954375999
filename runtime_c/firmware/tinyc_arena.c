/* Guards hold bytes that differ from one to the next, so that no constant fill can pass for them. */
#include "tinyc_arena.h"

#include <string.h>

static uint8_t guard_byte(size_t index)
{
    return (uint8_t)(0xA7u ^ (index * 29u));
}

void tinyc_arena_fill(uint8_t *guarded, size_t arena_bytes, uint8_t pattern)
{
    uint8_t *const behind = guarded + TINYC_GUARD_BYTES + arena_bytes;
    for (size_t i = 0; i < TINYC_GUARD_BYTES; ++i) {
        guarded[i] = guard_byte(i);
        behind[i] = guard_byte(i);
    }
    memset(guarded + TINYC_GUARD_BYTES, pattern, arena_bytes);
}

int tinyc_arena_overrun(const uint8_t *guarded, size_t arena_bytes)
{
    const uint8_t *const behind = guarded + TINYC_GUARD_BYTES + arena_bytes;
    for (size_t i = 0; i < TINYC_GUARD_BYTES; ++i) {
        if (guarded[i] != guard_byte(i)) {
            return -1;
        }
        if (behind[i] != guard_byte(i)) {
            return 1;
        }
    }
    return 0;
}

size_t tinyc_arena_high_water(const uint8_t *guarded, size_t arena_bytes, uint8_t pattern)
{
    const uint8_t *const arena = guarded + TINYC_GUARD_BYTES;
    size_t used = arena_bytes;
    while (used > 0 && arena[used - 1] == pattern) {
        --used;
    }
    return used;
}
