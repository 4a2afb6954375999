/* The trace hook of a model that is built as a shared library: compile the model with TINYC_TRACE. */
#ifndef TINYC_HOST_H
#define TINYC_HOST_H

#include <stdint.h>

typedef void (*tinyc_host_hook)(int32_t layer);

/* From now on `called_after_each_layer` runs after each layer; a null pointer ends that. */
void tinyc_host_set_hook(tinyc_host_hook called_after_each_layer);

/* What the generated code calls. */
void tinyc_layer_done(int32_t layer);

#endif
