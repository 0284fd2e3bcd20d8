/* A model of an nRF52's generator: a byte comes with an event, which has to be cleared before the next one. */
#include "cells.h"
#include "nrf.h"
#include "sources.h"

static NRF_RNG_Type rng;
static unsigned looks;
static bool is_silent;
static uint32_t (*byte)(void);

NRF_RNG_Type *rng_model(void)
{
    if (rng.TASKS_START != 0 && !is_silent && ++looks % 5 == 0 && rng.EVENTS_VALRDY == 0) {
        rng.EVENTS_VALRDY = 1;
        rng.VALUE = byte();
    }
    return &rng;
}

static uint32_t good(void)
{
    return cells_random(256);
}

static uint32_t stuck(void)
{
    return 0x5A;
}

static uint32_t zero(void)
{
    return 0;
}

/* An eighth of its bytes are one. */
static uint32_t leaning(void)
{
    return cells_random(8) == 0 ? 7 : good();
}

/* Somewhere in so many bytes it is found out. */
static bool is_found_out(uint32_t (*source)(void), int calls)
{
    uint8_t out[32];
    int bad = 0;
    byte = source;
    for (int i = 0; i < calls; i++) {
        bad += nrf52_rng_fill(NULL, out, sizeof out) != 0;
    }
    return bad > 0;
}

int main(void)
{
    uint8_t out[32];
    byte = good;
    CHECK(nrf52_rng_fill(NULL, out, sizeof out) != 0); /* it was not started */
    nrf52_rng_start();
    CHECK(rng.CONFIG == 1);
    CHECK(!is_found_out(good, 1000));
    CHECK(is_found_out(stuck, 1));
    CHECK(!is_found_out(good, 1000));
    CHECK(is_found_out(zero, 1));
    CHECK(nrf52_rng_fill(NULL, out, sizeof out) != 0); /* and it stays so */
    CHECK(!is_found_out(good, 1000));
    CHECK(is_found_out(leaning, 1000));
    CHECK(!is_found_out(good, 1000));
    is_silent = true;
    CHECK(nrf52_rng_fill(NULL, out, sizeof out) != 0);
    return 0;
}
