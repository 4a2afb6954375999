/* SPDX-License-Identifier: Apache-2.0 */
/* The sweep in the emulator: the console is semihosting, and a fault ends the run with status 1. */
#include "semihosting.h"
#include "tinyc_firmware.h"

int main(void);
int sweep_main(void);
void sweep_print(const char *text);

void sweep_print(const char *text)
{
    semihost_print(text);
}

int main(void)
{
    return sweep_main();
}

_Noreturn void tinyc_exit(int status)
{
    semihost_exit(status);
}

_Noreturn void tinyc_fault_report(const tinyc_fault *fault)
{
    (void)fault;
    semihost_print("fault\n");
    semihost_exit(1);
}
