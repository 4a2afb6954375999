/* What the RP2350's boot ROM looks for in the first 4 KiB of flash: the smallest IMAGE_DEF for a secure Arm executable
 * (RP2350 datasheet, section 5.9.5.1). Its vector table is the one at the start of flash. */
#include <stdint.h>

extern const uint32_t rp2350_image_def[5];

__attribute__((section(".boot_block"), used)) const uint32_t rp2350_image_def[5] = {
    0xFFFFDED3, /* the block starts */
    0x10210142, /* item, 1 word, image type: executable, secure, Arm, RP2350 */
    0x000001FF, /* last item; 1 word of items came before it */
    0x00000000, /* the next block is this one */
    0xAB123579, /* the block ends */
};
