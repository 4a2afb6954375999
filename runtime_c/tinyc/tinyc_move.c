/* SPDX-License-Identifier: Apache-2.0 */
/* Upwards, a block of words at a time as long as both ends are aligned alike. */
#include <string.h>

#include "tinyc_kernels.h"

static uint32_t load(const uint8_t *from)
{
    uint32_t word;
    (void)memcpy(&word, __builtin_assume_aligned(from, 4), sizeof word);
    return word;
}

static void store(uint8_t *to, uint32_t word)
{
    (void)memcpy(__builtin_assume_aligned(to, 4), &word, sizeof word);
}

void tinyc_move(int32_t bytes, const void *src, void *dst)
{
    const uint8_t *from = src;
    uint8_t *to = dst;
    int32_t left = bytes;
    if ((((uintptr_t)from | (uintptr_t)to) & 3u) == 0u) {
        for (; left >= 16; left -= 16, from += 16, to += 16) {
            const uint32_t a = load(from);
            const uint32_t b = load(from + 4);
            const uint32_t c = load(from + 8);
            const uint32_t d = load(from + 12);
            store(to, a);
            store(to + 4, b);
            store(to + 8, c);
            store(to + 12, d);
        }
    }
    for (; left > 0; --left) {
        *to++ = *from++;
    }
}
