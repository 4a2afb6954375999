/* Makes the inline function of tinyc_requantize.h callable. */
#include "tinyc_requantize.h"

void requantized(int32_t count, const int32_t *value, const int32_t *multiplier, const int32_t *shift, int32_t *y);

void requantized(int32_t count, const int32_t *value, const int32_t *multiplier, const int32_t *shift, int32_t *y)
{
    for (int32_t i = 0; i < count; ++i) {
        y[i] = tinyc_requantized(value[i], multiplier[i], shift[i]);
    }
}
