/* The APB timer of Arm's Cortex-M System Design Kit: counts down, here from 2^32 - 1 again and again. */
#include "tinyc_timer.h"

tinyc_timer tinyc_timer_start(void)
{
    volatile uint32_t *const registers = (volatile uint32_t *)TINYC_TIMER_BASE; /* CTRL, VALUE, RELOAD, INTSTATUS */
    registers[0] = 0;
    registers[2] = UINT32_MAX;
    registers[1] = UINT32_MAX;
    registers[0] = 1;
    return (tinyc_timer){.count = &registers[1], .direction = UINT32_MAX};
}
