/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copying and filling bytes. Small C libraries do both a byte at a time, so words and vectors are worth their lines.
 * What is copied may overlap the place it goes to if that begins no later.
 */
#ifndef NN_COPY_H
#define NN_COPY_H

#include "nn_target.h"

#include <string.h>

#if defined(ARM_MATH_MVEI)

NN_INLINE void nn_copy(int8_t *to, const int8_t *from, int32_t count)
{
    __asm__ volatile("wlstp.8 lr, %[n], 2f\n"
                     "1:\n\t"
                     "vldrb.8 q0, [%[from]], #16\n\t"
                     "vstrb.8 q0, [%[to]], #16\n\t"
                     "letp lr, 1b\n"
                     "2:"
                     : [to] "+r"(to), [from] "+r"(from)
                     : [n] "r"(count)
                     : "q0", "lr", "memory");
}

NN_INLINE void nn_set(int8_t *to, int8_t value, int32_t count)
{
    __asm__ volatile("vdup.8 q0, %[value]\n\t"
                     "wlstp.8 lr, %[n], 2f\n"
                     "1:\n\t"
                     "vstrb.8 q0, [%[to]], #16\n\t"
                     "letp lr, 1b\n"
                     "2:"
                     : [to] "+r"(to)
                     : [n] "r"(count), [value] "r"(value)
                     : "q0", "lr", "memory");
}

#elif defined(__ARM_FEATURE_UNALIGNED)

/* The compiler must not see a plain copying loop, or it would call memcpy for it. */
NN_INLINE void nn_copy(int8_t *to, const int8_t *from, int32_t count)
{
    for (; count >= 16; count -= 16, to += 16, from += 16)
    {
        uint32_t a;
        uint32_t b;
        uint32_t c;
        uint32_t d;
        memcpy(&a, from, sizeof a);
        memcpy(&b, from + 4, sizeof b);
        memcpy(&c, from + 8, sizeof c);
        memcpy(&d, from + 12, sizeof d);
        __asm__("" : "+r"(to));
        memcpy(to, &a, sizeof a);
        memcpy(to + 4, &b, sizeof b);
        memcpy(to + 8, &c, sizeof c);
        memcpy(to + 12, &d, sizeof d);
    }
    for (; count >= 4; count -= 4, to += 4, from += 4)
    {
        uint32_t word;
        memcpy(&word, from, sizeof word);
        __asm__("" : "+r"(word));
        memcpy(to, &word, sizeof word);
    }
    for (; count > 0; count--)
    {
        int32_t byte = *from++;
        __asm__("" : "+r"(byte));
        *to++ = (int8_t)byte;
    }
}

NN_INLINE void nn_set(int8_t *to, int8_t value, int32_t count)
{
    uint32_t word = (uint8_t)value * 0x01010101u;
    for (; count >= 16; count -= 16, to += 16)
    {
        __asm__("" : "+r"(word));
        memcpy(to, &word, sizeof word);
        memcpy(to + 4, &word, sizeof word);
        memcpy(to + 8, &word, sizeof word);
        memcpy(to + 12, &word, sizeof word);
    }
    for (; count >= 4; count -= 4, to += 4)
    {
        __asm__("" : "+r"(word));
        memcpy(to, &word, sizeof word);
    }
    for (; count > 0; count--)
    {
        __asm__("" : "+r"(word));
        *to++ = (int8_t)(word & 0xFFu);
    }
}

#else

NN_INLINE void nn_copy(int8_t *to, const int8_t *from, int32_t count)
{
    memmove(to, from, (size_t)count);
}

NN_INLINE void nn_set(int8_t *to, int8_t value, int32_t count)
{
    memset(to, value, (size_t)count);
}

#endif

#endif
