/* The cycle counter of the Data Watchpoint and Trace unit, at TINYC_TIMER_BASE: ticks are the core's cycles. */
#include "tinyc_timer.h"

#define DEMCR (*(volatile uint32_t *)0xE000EDFCu)
#define DEMCR_TRCENA (1u << 24)
#define LOCK_ACCESS 0x3EC      /* index of DWT_LAR: some Cortex-M7 parts keep the unit locked */
#define LOCK_KEY 0xC5ACCE55u

tinyc_timer tinyc_timer_start(void)
{
    volatile uint32_t *const registers = (volatile uint32_t *)TINYC_TIMER_BASE; /* CTRL, CYCCNT, ... */
    DEMCR |= DEMCR_TRCENA;
    registers[LOCK_ACCESS] = LOCK_KEY;
    registers[1] = 0;
    registers[0] |= 1;
    return (tinyc_timer){.count = &registers[1], .direction = 1};
}
