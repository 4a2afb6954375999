/* A tick of the board's timer is tens of instructions long. Start therefore waits for a tick, and stop counts how long
 * the next one takes to come, both in a loop of known length: ticks count coarsely, turns of the loop finely, as on a
 * vernier scale. Each of the two may see its tick up to one turn late, and so did the calibration. */
#include "tinyc_stopwatch.h"

#include "tinyc_timer.h"

#define INSTRUCTIONS_A_TURN 4u
#define NANOSECONDS UINT64_C(1000000000)

static tinyc_timer timer;
static uint32_t started;  /* the count at the tick when the stopwatch started */
static uint64_t overhead; /* what start and stop with nothing between them count */

/* Wait for the timer's next tick: its count then, and in *turns how often the loop went round. */
static uint32_t next_tick(uint32_t *turns)
{
    uint32_t now;
    uint32_t n = 0;
    const uint32_t before = *timer.count;
    /* Only instructions that Armv6-M has too, and that both assembler syntaxes spell alike. */
    __asm volatile("1: add %[n], %[one]\n"
                   "ldr %[now], [%[count]]\n"
                   "cmp %[now], %[before]\n"
                   "beq 1b\n"
                   : [n] "+l"(n), [now] "=&l"(now)
                   : [count] "l"(timer.count), [before] "l"(before), [one] "l"(UINT32_C(1))
                   : "cc", "memory");
    *turns = n;
    return now;
}

void tinyc_stopwatch_init(void)
{
    timer = tinyc_timer_start();
    overhead = 0;
    tinyc_stopwatch_start();
    overhead = tinyc_stopwatch_stop();
}

__attribute__((noinline)) void tinyc_stopwatch_start(void)
{
    uint32_t turns;
    started = next_tick(&turns);
}

__attribute__((noinline)) uint64_t tinyc_stopwatch_stop(void)
{
    uint32_t turns;
    const uint32_t ticks = (next_tick(&turns) - started) * timer.direction;
    const uint64_t instructions = ticks * NANOSECONDS / TINYC_TIMER_HZ - (uint64_t)turns * INSTRUCTIONS_A_TURN;
    return instructions > overhead ? instructions - overhead : 0;
}
