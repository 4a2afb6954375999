/* From reset to main, and from any unexpected exception to a report, for every Cortex-M core that tinyc knows.
 *
 * The core decides what there is to set up, and the compiler says which core it is (__ARM_FP, __ARM_FEATURE_MVE,
 * __ARM_ARCH_ISA_THUMB); nothing here depends on a board. Addresses come from the linker script. */
#include <string.h>

#include "tinyc_firmware.h"

#define MAINLINE (__ARM_ARCH_ISA_THUMB >= 2)
#define HAS_STACK_LIMIT (MAINLINE && __ARM_ARCH >= 8)
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
#define HAS_COPROCESSOR 1
#else
#define HAS_COPROCESSOR 0
#endif

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define SCB_VTOR REGISTER(0xE000ED08u)
#define SCB_CCR REGISTER(0xE000ED14u)
#define SCB_SHCSR REGISTER(0xE000ED24u)
#define SCB_CFSR REGISTER(0xE000ED28u)
#define SCB_MMFAR REGISTER(0xE000ED34u)
#define SCB_BFAR REGISTER(0xE000ED38u)

#define CCR_UNALIGN_TRP (1u << 3)
#define CCR_DIV_0_TRP (1u << 4)
#define CCR_LOB (1u << 19)
#define SHCSR_FAULTS_ENABLED ((1u << 16) | (1u << 17) | (1u << 18) | (1u << 19))
#define CFSR_MMARVALID (1u << 7)
#define CFSR_BFARVALID (1u << 15)

extern uint32_t tinyc_stack_limit[], tinyc_stack_top[];
extern uint8_t tinyc_data_start[], tinyc_data_end[], tinyc_bss_start[], tinyc_bss_end[];
extern const uint8_t tinyc_data_load[];

int main(void);
void Reset_Handler(void);
void tinyc_unexpected(void);
_Noreturn void tinyc_start(void);
_Noreturn void tinyc_describe_fault(const uint32_t *frame);

/* Set SP (a debugger may start us without a reset), then what compiled code needs before its first instruction. */
__attribute__((naked)) void Reset_Handler(void)
{
    __asm volatile("ldr r0, =tinyc_stack_top\n"
                   "mov sp, r0\n"
#if HAS_STACK_LIMIT
                   "ldr r0, =tinyc_stack_limit\n"
                   "msr msplim, r0\n"
#endif
#if HAS_COPROCESSOR
                   "ldr r0, =0xE000ED88\n" /* CPACR: full access to CP10 and CP11, the FPU and MVE */
                   "ldr r1, [r0]\n"
                   "orr r1, r1, #(0xF << 20)\n"
                   "str r1, [r0]\n"
                   "dsb\n"
                   "isb\n"
#endif
                   "bl tinyc_start\n"
                   ".ltorg\n");
}

/* The stack may be what broke: keep the old SP for the report and start on a fresh one. */
__attribute__((naked)) void tinyc_unexpected(void)
{
    __asm volatile("mov r0, sp\n"
                   "ldr r1, =tinyc_stack_top\n"
                   "mov sp, r1\n"
                   "bl tinyc_describe_fault\n"
                   ".ltorg\n");
}

typedef union {
    uint32_t *stack;
    void (*handler)(void);
} vector;

extern const vector tinyc_vectors[16];

__attribute__((section(".vectors"), used)) const vector tinyc_vectors[16] = {
    {.stack = tinyc_stack_top},      {.handler = Reset_Handler},      {.handler = tinyc_unexpected},
    {.handler = tinyc_unexpected},   {.handler = tinyc_unexpected},   {.handler = tinyc_unexpected},
    {.handler = tinyc_unexpected},   {.handler = tinyc_unexpected},   {.handler = tinyc_unexpected},
    {.handler = tinyc_unexpected},   {.handler = tinyc_unexpected},   {.handler = tinyc_unexpected},
    {.handler = tinyc_unexpected},   {.handler = tinyc_unexpected},   {.handler = tinyc_unexpected},
    {.handler = tinyc_unexpected},
};

_Noreturn void tinyc_start(void)
{
    memcpy(tinyc_data_start, tinyc_data_load, (size_t)(tinyc_data_end - tinyc_data_start));
    memset(tinyc_bss_start, 0, (size_t)(tinyc_bss_end - tinyc_bss_start));
#if MAINLINE
    SCB_VTOR = (uint32_t)(uintptr_t)tinyc_vectors;
    SCB_SHCSR |= SHCSR_FAULTS_ENABLED;
    SCB_CCR |= CCR_DIV_0_TRP;
#else
    SCB_CCR |= CCR_UNALIGN_TRP; /* always on in ARMv6-M; makes a bigger core that stands in for one as strict */
#endif
#if defined(__ARM_FEATURE_MVE)
    SCB_CCR |= CCR_LOB; /* let the core cache the branches of low-overhead loops */
#endif
    __asm volatile("dsb\n isb" ::: "memory");
    tinyc_exit(main());
}

_Noreturn void tinyc_describe_fault(const uint32_t *frame)
{
    tinyc_fault fault = {0};
    __asm volatile("mrs %0, ipsr" : "=r"(fault.exception));
    const uintptr_t at = (uintptr_t)frame;
    if (at >= (uintptr_t)tinyc_stack_limit && at + 8 * sizeof *frame <= (uintptr_t)tinyc_stack_top) {
        fault.lr = frame[5];
        fault.pc = frame[6];
    }
#if MAINLINE
    fault.cfsr = SCB_CFSR;
    if ((fault.cfsr & CFSR_MMARVALID) != 0) {
        fault.address = SCB_MMFAR;
    } else if ((fault.cfsr & CFSR_BFARVALID) != 0) {
        fault.address = SCB_BFAR;
    }
#endif
    tinyc_fault_report(&fault);
}
