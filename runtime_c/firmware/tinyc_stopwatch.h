/* Instructions executed, for an emulator in which one instruction takes one nanosecond (QEMU's -icount shift=0). */
#ifndef TINYC_STOPWATCH_H
#define TINYC_STOPWATCH_H

#include <stdint.h>

/* Start the timer and measure what the stopwatch itself costs; once, before anything else here. */
void tinyc_stopwatch_init(void);

void tinyc_stopwatch_start(void);

/* Instructions since tinyc_stopwatch_start, the stopwatch's own taken off; right to ±8. */
uint64_t tinyc_stopwatch_stop(void);

#endif
