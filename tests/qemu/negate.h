#ifndef NEGATE_H
#define NEGATE_H

#include <stddef.h>
#include <stdint.h>

#define NEGATE_ARENA_BYTES 64
#define NEGATE_ARENA_ALIGN 16

int negate_init(void *arena, size_t arena_bytes);
void *negate_input(int32_t index);
const void *negate_output(int32_t index);
int negate_run(void);

#ifdef TINYC_TRACE
void tinyc_layer_done(int32_t layer);
#define TINYC_LAYER_DONE(layer) tinyc_layer_done((int32_t)(layer))
#else
#define TINYC_LAYER_DONE(layer) ((void)0)
#endif

#ifndef EXTRA
#define EXTRA
#endif

#endif
