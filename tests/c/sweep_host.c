/* SPDX-License-Identifier: Apache-2.0 */
/* The sweep on the machine that compiles. */
#include <stdio.h>

int sweep_main(void);
void sweep_print(const char *text);

void sweep_print(const char *text)
{
    fputs(text, stdout);
}

int main(void)
{
    return sweep_main();
}
