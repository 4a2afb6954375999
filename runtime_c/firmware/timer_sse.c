/* The system counter of Arm's SSE-300: its control frame is at TINYC_TIMER_BASE, CNTCV is at 8 in it. */
#include "tinyc_timer.h"

tinyc_timer tinyc_timer_start(void)
{
    volatile uint32_t *const registers = (volatile uint32_t *)TINYC_TIMER_BASE; /* CNTCR, CNTSR, CNTCV low, high */
    registers[0] |= 1;
    return (tinyc_timer){.count = &registers[2], .direction = 1};
}
