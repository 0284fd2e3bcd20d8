/* A model of an STM32's generator: errors stop it until they are cleared, and it has to be switched off and on. */
#include "cells.h"
#include "sources.h"
#include "stm32l4xx.h"

#define UNCLEAN 0xEE000000u /* of what has to be thrown away; no other word is alike */

static RCC_TypeDef rcc;
static RNG_TypeDef rng;
static uint32_t (*word)(void);
static uint32_t error;       /* flags of an error that comes */
static unsigned error_in;    /* words until it comes; 0: it does not */
static bool is_stopped, is_cleared, is_lasting, is_silent, was_off;
static unsigned since_on;    /* words since it was switched on */
static unsigned looks;

RCC_TypeDef *rcc_model(void)
{
    return &rcc;
}

/* Every third look at it has a word. */
RNG_TypeDef *rng_model(void)
{
    CHECK((rcc.AHB2ENR & RCC_AHB2ENR_RNGEN) != 0);
    const bool is_on = (rng.CR & RNG_CR_RNGEN) != 0;
    is_cleared = !is_lasting && (is_cleared || (rng.SR & (RNG_SR_SEIS | RNG_SR_CEIS)) == 0);
    if (!is_on) {
        was_off = true;
        since_on = 0;
    } else if (is_stopped && was_off && is_cleared) {
        is_stopped = false;
    }
    if (is_on && !is_stopped && error_in > 0 && --error_in == 0) {
        is_stopped = true;
        was_off = is_cleared = false;
    }
    rng.SR = 0;
    if (is_stopped) {
        rng.SR = is_cleared ? 0 : error;
        rng.DR = 0;
    } else if (is_on && !is_silent && ++looks % 3 == 0) {
        rng.SR = RNG_SR_DRDY;
        rng.DR = word();
        since_on++;
    }
    return &rng;
}

static uint32_t good(void)
{
    return (since_on < 12 ? UNCLEAN : cells_random(0xE0) << 24) | cells_random(0x1000000);
}

static uint32_t stuck(void)
{
    return 0xDEADBEEFu;
}

static uint32_t zero(void)
{
    return 0;
}

static uint32_t sometimes_zero(void)
{
    return cells_random(50) == 0 ? 0 : good();
}

static uint32_t sometimes_twice(void)
{
    static uint32_t last;
    last = since_on > 12 && cells_random(50) == 0 ? last : good();
    return last;
}

/* No word is 0, and none is the same as the one before. */
static void gives_words(void)
{
    uint32_t words[64], before = 0;
    CHECK(stm32_rng_fill(NULL, (uint8_t *)words, sizeof words) == 0);
    for (size_t i = 0; i < 64; i++) {
        CHECK(words[i] != 0 && words[i] != before && (words[i] & UNCLEAN) != UNCLEAN);
        before = words[i];
    }
}

static void gives_none(uint32_t (*of)(void))
{
    uint8_t out[32];
    word = of;
    for (int i = 0; i < 5; i++) {
        CHECK(stm32_rng_fill(NULL, out, sizeof out) != 0);
    }
    word = good;
    gives_words(); /* it comes back */
}

int main(void)
{
    static const uint32_t errors[] = {RNG_SR_SEIS | RNG_SR_SECS, RNG_SR_SEIS, RNG_SR_CEIS | RNG_SR_CECS, RNG_SR_CEIS};
    uint8_t out[7] = {0};
    word = good;
    rcc.AHB2ENR = RCC_AHB2ENR_RNGEN;
    is_silent = true; /* without its own clock */
    CHECK(stm32_rng_fill(NULL, out, sizeof out) != 0);
    is_silent = false;
    rcc.AHB2ENR = 0;
    stm32_rng_start();
    gives_words();
    CHECK(stm32_rng_fill(NULL, out, 5) == 0 && out[5] == 0 && out[6] == 0);
    CHECK(stm32_rng_fill(NULL, out, 0) == 0);

    for (int i = 0; i < 50; i++) {
        word = sometimes_twice;
        gives_words();
        word = sometimes_zero;
        gives_words();
    }
    word = good;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        for (unsigned in = 1; in < 100; in++) {
            error = errors[i];
            error_in = in;
            gives_words();
        }
        error_in = 1;
        is_lasting = true;
        CHECK(stm32_rng_fill(NULL, out, sizeof out) != 0 && stm32_rng_fill(NULL, out, sizeof out) != 0);
        is_lasting = false;
        gives_words();
    }
    gives_none(stuck);
    gives_none(zero);
    is_silent = true;
    CHECK(stm32_rng_fill(NULL, out, sizeof out) != 0);
    is_silent = false;
    gives_words();
    return 0;
}
