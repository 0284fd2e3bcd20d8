/* Noise of an RP2040's ring oscillator (data sheet §2.17): a bit of it, again and again. It is no generator: the data
 * sheet itself says that it is not meant for security. The core must not run from that oscillator; by the Pico SDK it
 * runs from the crystal, and the oscillator runs on beside it. */
#include "hardware/structs/rosc.h"
#include "sources.h"

bool rosc_sample(uint8_t *sample)
{
    uint32_t byte = 0;
    for (int bit = 0; bit < 8; bit++) {
        byte = byte << 1 | (rosc_hw->randombit & 1u);
        for (volatile uint32_t i = 0; i < 10; i++) { /* two bits in a row are alike if they come too soon */
        }
    }
    *sample = (uint8_t)byte;
    return (rosc_hw->status & ROSC_STATUS_STABLE_BITS) != 0;
}
