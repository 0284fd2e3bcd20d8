/* A model of an RP2040's ring oscillator. */
#include "hardware/structs/rosc.h"
#include "noises.h"
#include "sources.h"

static rosc_hw_t rosc = {ROSC_STATUS_STABLE_BITS, 0};
static uint32_t (*bit)(void);

rosc_hw_t *rosc_model(void)
{
    rosc.randombit = bit();
    return &rosc;
}

static uint32_t random_bit(void)
{
    return cells_random(2);
}

static uint32_t one(void)
{
    return 1;
}

static uint32_t nearly_one(void)
{
    return cells_random(300) != 0;
}

/* Eight bits, and one for the look at its state. */
static uint32_t alternating(void)
{
    static uint32_t looks;
    return looks++ % 9 % 2;
}

int main(void)
{
    bit = random_bit;
    noises_good(rosc_sample);
    bit = one;
    noises_bad(rosc_sample);
    bit = nearly_one;
    noises_bad(rosc_sample);
    bit = alternating;
    noises_bad(rosc_sample);
    bit = random_bit;
    rosc.status = 0;
    noises_bad(rosc_sample);
    return 0;
}
