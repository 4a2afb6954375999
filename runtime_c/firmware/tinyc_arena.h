/* An arena between two guards, filled with a known pattern: what was written in it, and whether beyond it. */
#ifndef TINYC_ARENA_H
#define TINYC_ARENA_H

#include <stddef.h>
#include <stdint.h>

#define TINYC_GUARD_BYTES 64

/* The bytes to reserve for an arena of `bytes` and its guards; the arena begins TINYC_GUARD_BYTES after their start,
 * so that it is as aligned as they are. */
#define TINYC_GUARDED(bytes) ((bytes) + 2u * TINYC_GUARD_BYTES)

/* Set the guards, and every byte of the arena to `pattern`. */
void tinyc_arena_fill(uint8_t *guarded, size_t arena_bytes, uint8_t pattern);

/* Which guards are still as they were set: 0 both, -1 not the one before the arena, 1 not the one behind it. */
int tinyc_arena_overrun(const uint8_t *guarded, size_t arena_bytes);

/* Bytes from the arena's start up to and including the last one that is not `pattern`. */
size_t tinyc_arena_high_water(const uint8_t *guarded, size_t arena_bytes, uint8_t pattern);

#endif
