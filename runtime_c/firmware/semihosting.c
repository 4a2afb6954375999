/* See "Semihosting for AArch32 and AArch64", Arm 2024: operation in r0, argument block in r1, BKPT 0xAB, result in r0. */
#include "semihosting.h"

#include <string.h>

enum {
    SYS_OPEN = 0x01,
    SYS_CLOSE = 0x02,
    SYS_WRITE0 = 0x04,
    SYS_WRITE = 0x05,
    SYS_READ = 0x06,
    SYS_SEEK = 0x0A,
    SYS_FLEN = 0x0C,
    SYS_GET_CMDLINE = 0x15,
    SYS_EXIT_EXTENDED = 0x20
};

#define ADP_STOPPED_APPLICATION_EXIT 0x20026u

static uint32_t word(const void *pointer)
{
    return (uint32_t)(uintptr_t)pointer;
}

static int32_t call(int32_t operation, const void *arguments)
{
    register int32_t r0 __asm("r0") = operation;
    register const void *r1 __asm("r1") = arguments;
    __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

int32_t semihost_open(const char *name, semihost_mode mode)
{
    const uint32_t arguments[3] = {word(name), (uint32_t)mode, (uint32_t)strlen(name)};
    return call(SYS_OPEN, arguments);
}

int32_t semihost_close(int32_t handle)
{
    return call(SYS_CLOSE, &handle);
}

int32_t semihost_length(int32_t handle)
{
    return call(SYS_FLEN, &handle);
}

int32_t semihost_seek(int32_t handle, uint32_t position)
{
    const uint32_t arguments[2] = {(uint32_t)handle, position};
    return call(SYS_SEEK, arguments);
}

uint32_t semihost_read(int32_t handle, void *to, uint32_t bytes)
{
    const uint32_t arguments[3] = {(uint32_t)handle, word(to), bytes};
    return (uint32_t)call(SYS_READ, arguments);
}

uint32_t semihost_write(int32_t handle, const void *from, uint32_t bytes)
{
    const uint32_t arguments[3] = {(uint32_t)handle, word(from), bytes};
    return (uint32_t)call(SYS_WRITE, arguments);
}

void semihost_print(const char *text)
{
    (void)call(SYS_WRITE0, text);
}

int32_t semihost_command_line(char *line, uint32_t size)
{
    const uint32_t arguments[2] = {word(line), size};
    return call(SYS_GET_CMDLINE, arguments);
}

_Noreturn void semihost_exit(int status)
{
    const uint32_t arguments[2] = {ADP_STOPPED_APPLICATION_EXIT, (uint32_t)status};
    for (;;) {
        (void)call(SYS_EXIT_EXTENDED, arguments);
    }
}
