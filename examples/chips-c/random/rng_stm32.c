/* The generator of an STM32 that has one: F2, F4, F7, G4, H5, H7, L4, U5 … (RM0394 §21). RNG's own clock has to be on,
 * 48 MHz on most.
 *
 * It watches its noise and its clock itself (SEIS, CEIS); then it is started again. What is given is never 0, which the
 * manuals say is an error that has come late, and never the same word twice in a row. */
#include <string.h>

#include "sources.h"
#include "stm32l4xx.h" /* yours */

#define LIMIT 100000u /* looks, before it is given up */
#define ATTEMPTS 3

static uint32_t last; /* that was given; at first, one that was not */
static bool is_clean; /* enough has been thrown away */

/* Waits for a word. False: an error, or none came. */
static bool is_ready(void)
{
    for (uint32_t looks = 0; looks < LIMIT; looks++) {
        const uint32_t status = RNG->SR;
        if ((status & (RNG_SR_SEIS | RNG_SR_CEIS | RNG_SR_SECS | RNG_SR_CECS)) != 0) {
            return false;
        }
        if ((status & RNG_SR_DRDY) != 0) {
            return true;
        }
    }
    return false;
}

/* What is in it is thrown away: 12 words, as the manuals say. */
static void restart(void)
{
    RNG->CR &= ~RNG_CR_RNGEN;
#ifdef RNG_CR_CONDRST /* of newer ones, with a conditioner */
    RNG->CR |= RNG_CR_CONDRST;
    RNG->CR &= ~RNG_CR_CONDRST;
#endif
    RNG->SR = 0; /* a 0 clears SEIS and CEIS */
    RNG->CR |= RNG_CR_RNGEN;
    int dropped = 0;
    for (; dropped < 12 && is_ready(); dropped++) {
        const uint32_t word = RNG->DR;
        last = last != 0 ? last : word;
    }
    is_clean = dropped == 12;
}

static bool draw(uint32_t *word)
{
    if (!is_clean || !is_ready()) {
        return false;
    }
    *word = RNG->DR;
    return *word != 0 && *word != last;
}

void stm32_rng_start(void)
{
    RCC->AHB2ENR |= RCC_AHB2ENR_RNGEN;
    restart();
}

int32_t stm32_rng_fill(void *context, uint8_t *out, size_t len)
{
    (void)context;
    for (size_t done = 0, piece; done < len; done += piece) {
        uint32_t word;
        for (int attempt = 1; !draw(&word); attempt++) {
            if (attempt == ATTEMPTS) {
                return -1;
            }
            restart();
        }
        last = word;
        piece = len - done < sizeof word ? len - done : sizeof word;
        memcpy(out + done, &word, piece);
    }
    return 0;
}
