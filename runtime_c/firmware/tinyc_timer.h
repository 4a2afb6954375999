/* A free-running counter. Each timer_*.c is one kind of it; the board's description says which is compiled in, and
 * gives its address as TINYC_TIMER_BASE and its clock as TINYC_TIMER_HZ. */
#ifndef TINYC_TIMER_H
#define TINYC_TIMER_H

#include <stdint.h>

typedef struct {
    const volatile uint32_t *count; /* all 32 bits count */
    uint32_t direction;             /* 1, or UINT32_MAX when it counts down: ticks = (to - from) * direction */
} tinyc_timer;

tinyc_timer tinyc_timer_start(void);

#endif
