/* Random numbers on a part that has no generator. */
#include "entropy.h"

#include "clock.h"
#include "halt.h"

static lowkey_seed pool;

lowkey_status entropy_start(const uint8_t seed[32], uint64_t boot)
{
    const lowkey_status status = lowkey_seed_init(&pool, seed);
    return status == LOWKEY_OK ? lowkey_seed_stir(&pool, (const uint8_t *)&boot, sizeof boot) : status;
}

void entropy_stir(void)
{
    const uint32_t cycles = clock_cycles();
    if (lowkey_seed_stir(&pool, (const uint8_t *)&cycles, sizeof cycles) != LOWKEY_OK) {
        halt(); /* nothing has been started */
    }
}

int32_t entropy_fill(void *context, uint8_t *out, size_t len)
{
    (void)context;
    return lowkey_seed_random(&pool, out, len);
}

uint32_t entropy_word(void)
{
    uint32_t word = 0;
    /* lwIP cannot be told of a failure, and nothing that must stay secret rests on its numbers. */
    (void)entropy_fill(NULL, (uint8_t *)&word, sizeof word);
    return word;
}
