/* What is expected of every source of noise. */
#include "noises.h"

#include <string.h>

static void give(lowkey_seed *seed, uint8_t out[32])
{
    CHECK(lowkey_seed_random(seed, out, 32) == 0);
}

static void begin(lowkey_seed *seed)
{
    static const uint8_t bytes[32] = {1, 2, 3};
    CHECK(lowkey_seed_init(seed, bytes) == LOWKEY_OK);
}

void noises_good(noise_sample sample)
{
    static lowkey_seed seed, none;
    uint8_t without[32], with[32], again[32];
    begin(&seed);
    give(&seed, without);
    begin(&seed);
    CHECK(noise_stir(&seed, sample) == 0);
    give(&seed, with);
    begin(&seed);
    CHECK(noise_stir(&seed, sample) == 0);
    give(&seed, again);
    CHECK(memcmp(without, with, 32) != 0 && memcmp(with, again, 32) != 0);
    CHECK(noise_stir(&none, sample) == (int32_t)LOWKEY_NOT_INITIALISED);
}

void noises_bad(noise_sample sample)
{
    static lowkey_seed seed;
    uint8_t out[32];
    begin(&seed);
    CHECK(noise_stir(&seed, sample) != 0);
    CHECK(noise_stir(&seed, sample) != 0);
    give(&seed, out); /* the seed itself is as good as before */
}
