/* The generator of an nRF52 (nRF52840 Product Specification, RNG), with its bias correction. A byte takes 0.12 ms. It
 * does not watch itself: that is done here. Under a SoftDevice it is not yours: use sd_rand_application_vector_get. */
#include "health.h"
#include "nrf.h"
#include "sources.h"

#define LIMIT 100000u /* looks, before it is given up */

void nrf52_rng_start(void)
{
    NRF_RNG->CONFIG = RNG_CONFIG_DERCEN_Enabled << RNG_CONFIG_DERCEN_Pos;
    NRF_RNG->EVENTS_VALRDY = 0;
    NRF_RNG->TASKS_START = 1;
}

static bool draw(uint8_t *byte)
{
    for (uint32_t looks = 0; looks < LIMIT; looks++) {
        if (NRF_RNG->EVENTS_VALRDY != 0) {
            NRF_RNG->EVENTS_VALRDY = 0;
            *byte = (uint8_t)NRF_RNG->VALUE;
            return true;
        }
    }
    return false;
}

int32_t nrf52_rng_fill(void *context, uint8_t *out, size_t len)
{
    static struct health health = HEALTH_FOUR_BITS;
    (void)context;
    for (size_t i = 0; i < len; i++) {
        if (!draw(&out[i]) || !health_is_good(&health, out[i])) {
            return -1;
        }
    }
    return 0;
}
