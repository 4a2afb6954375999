/* The trace hook of a model that is built as a shared library. */
#include "tinyc_host.h"

static tinyc_host_hook hook;

void tinyc_host_set_hook(tinyc_host_hook called_after_each_layer)
{
    hook = called_after_each_layer;
}

void tinyc_layer_done(int32_t layer)
{
    if (hook != 0)
    {
        hook(layer);
    }
}
