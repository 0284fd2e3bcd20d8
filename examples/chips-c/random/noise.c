/* Samples that are watched, and stirred into a seed. */
#include "noise.h"

#include "health.h"

#define PIECES 16

int32_t noise_stir(lowkey_seed *seed, noise_sample sample)
{
    struct health health = HEALTH_QUARTER_OF_A_BIT;
    uint8_t samples[64];
    for (int piece = 0; piece < PIECES; piece++) {
        for (size_t i = 0; i < sizeof samples; i++) {
            if (!sample(&samples[i]) || !health_is_good(&health, samples[i])) {
                return -1;
            }
        }
        const lowkey_status status = lowkey_seed_stir(seed, samples, sizeof samples);
        if (status != LOWKEY_OK) {
            return (int32_t)status;
        }
    }
    return 0;
}
