/* What the start-up code, the fault reports and the two mains share: the stack and the way out. */
#ifndef TINYC_FIRMWARE_H
#define TINYC_FIRMWARE_H

#include <stddef.h>
#include <stdint.h>

/* A processor exception that nothing handles. Registers of a frame that could not be stacked are 0. */
typedef struct {
    uint32_t exception; /* IPSR: 3 HardFault, 4 MemManage, 5 BusFault, 6 UsageFault, 7 SecureFault */
    uint32_t pc;        /* the instruction that faulted (or the one after, if the fault is imprecise) */
    uint32_t lr;        /* its return address */
    uint32_t cfsr;      /* Configurable Fault Status Register; 0 on ARMv6-M, which has none */
    uint32_t address;   /* the address that was accessed, 0 when the processor does not know it */
} tinyc_fault;

/* Defined by the main in use (tinyc_harness.c or tinyc_selftest.c); neither returns. */
_Noreturn void tinyc_fault_report(const tinyc_fault *fault);
_Noreturn void tinyc_exit(int status);

/* Fill the free part of the stack with a pattern, from its limit up to the caller's frame. */
void tinyc_stack_paint(void);

/* Bytes of stack used below the frame that called tinyc_stack_paint, at the deepest point since; at least 64, which are
 * not painted. */
uint32_t tinyc_stack_used(void);

/* 1 when the stack's last word has been used since it was painted, else 0. */
int tinyc_stack_overflowed(void);

#endif
