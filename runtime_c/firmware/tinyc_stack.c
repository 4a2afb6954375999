/* The stack's high-water mark, by painting. */
#include "tinyc_firmware.h"

#define PAINT UINT32_C(0xC5C5C5C5)

extern uint32_t tinyc_stack_limit[]; /* from the linker script: the stack's lowest word */

static volatile uint32_t *painted_to;

__attribute__((noinline)) void tinyc_stack_paint(void)
{
    /* This frame ends a little below: leave it alone. Volatile, so that no memset (with a frame of its own) does it. */
    volatile uint32_t *const end = (volatile uint32_t *)__builtin_frame_address(0) - 16;
    for (volatile uint32_t *word = tinyc_stack_limit; word < end; ++word) {
        *word = PAINT;
    }
    painted_to = end;
}

uint32_t tinyc_stack_used(void)
{
    volatile uint32_t *lowest = tinyc_stack_limit;
    while (lowest < painted_to && *lowest == PAINT) {
        ++lowest;
    }
    return (uint32_t)(painted_to - lowest + 16) * (uint32_t)sizeof *lowest;
}
