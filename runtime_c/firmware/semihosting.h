/* Arm semihosting: files, console and exit on the machine that runs the emulator or debugger. */
#ifndef TINYC_SEMIHOSTING_H
#define TINYC_SEMIHOSTING_H

#include <stddef.h>
#include <stdint.h>

typedef enum { SEMIHOST_READ = 1, SEMIHOST_WRITE = 5 } semihost_mode; /* as fopen "rb" and "wb" */

/* A handle, or -1 when the file cannot be opened. `name` is relative to the emulator's working directory. */
int32_t semihost_open(const char *name, semihost_mode mode);
int32_t semihost_close(int32_t handle);

/* Bytes in the file, or -1. */
int32_t semihost_length(int32_t handle);

/* 0, or negative on failure; `position` in bytes from the start. */
int32_t semihost_seek(int32_t handle, uint32_t position);

/* How many of the bytes were not read or written: 0 is success. */
uint32_t semihost_read(int32_t handle, void *to, uint32_t bytes);
uint32_t semihost_write(int32_t handle, const void *from, uint32_t bytes);

void semihost_print(const char *text);

/* The emulator's command line for us, as a string of at most size - 1 characters; 0, or -1 when there is none. */
int32_t semihost_command_line(char *line, uint32_t size);

_Noreturn void semihost_exit(int status);

#endif
