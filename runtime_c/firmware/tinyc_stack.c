/* The stack's high-water mark, by painting. */
#include "tinyc_firmware.h"

#define PAINT UINT32_C(0xC5C5C5C5)
#define OWN_FRAME_WORDS 16

extern uint32_t tinyc_stack_limit[]; /* from the linker script: the stack's lowest word */

static volatile uint32_t *painted_from; /* the stack pointer of whoever called tinyc_stack_paint */

__attribute__((noinline)) void tinyc_stack_paint(void)
{
    painted_from = __builtin_dwarf_cfa();
    /* Volatile, so that no call of memset, with a frame of its own, does it. */
    for (volatile uint32_t *word = tinyc_stack_limit; word < painted_from - OWN_FRAME_WORDS; ++word) {
        *word = PAINT;
    }
}

uint32_t tinyc_stack_used(void)
{
    const volatile uint32_t *lowest = tinyc_stack_limit;
    while (lowest < painted_from - OWN_FRAME_WORDS && *lowest == PAINT) {
        ++lowest;
    }
    return (uint32_t)((uintptr_t)painted_from - (uintptr_t)lowest);
}

int tinyc_stack_overflowed(void)
{
    return *tinyc_stack_limit != PAINT;
}
