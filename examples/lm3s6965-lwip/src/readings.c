/* The readings, and the mailbox between the interrupt that takes them and the main loop that sends them. */
#include "readings.h"

#include <string.h>

#include "bytes.h"
#include "clock.h"
#include "timer.h"

/* Milliseconds between two interrupts; periods are multiples of it. */
#define BEAT 10u
/* Milliseconds between two readings until the server asks for another period. */
#ifndef PERIOD
#define PERIOD 1000u
#endif
/* A power of two. */
#define PLACES 8u

/* A ring: the interrupt alone moves `posted`, the main loop alone `forgotten`; both only grow and may wrap. */
static uint8_t places[PLACES][READING];
static volatile uint32_t posted, forgotten;
static volatile uint32_t lost;
static volatile uint32_t beats_a_reading = PERIOD / BEAT;
static volatile uint32_t taken;

/* The reading must be in its place before its number says so: the compiler keeps the order, the core has one. */
static void settle(void)
{
    __asm__ volatile("" : : : "memory");
}

static bool is_full(void)
{
    return posted - forgotten == PLACES;
}

static void post(uint32_t number)
{
    if (is_full()) {
        lost++;
        return;
    }
    uint8_t *const reading = places[posted % PLACES];
    reading[0] = 'r';
    put_u32(reading + 1, number);
    put_u32(reading + 5, clock_now());
    settle();
    posted++;
}

/* Who counts readings takes the next when there is room for it. */
static bool may_take(void)
{
    return READINGS == 0 || (taken != READINGS && !is_full());
}

static void on_beat(void)
{
    static uint32_t beats;
    if (++beats >= beats_a_reading && may_take()) {
        beats = 0;
        post(taken++);
    }
}

void readings_start(void)
{
    timer_start(BEAT, on_beat);
}

void readings_set_period(uint32_t period)
{
    const uint32_t most = 100000u;
    beats_a_reading = (period < BEAT ? BEAT : period > most ? most : period) / BEAT;
}

bool readings_look(uint32_t behind, uint8_t reading[READING])
{
    if (posted - forgotten <= behind) {
        return false;
    }
    settle();
    memcpy(reading, places[(forgotten + behind) % PLACES], READING);
    return true;
}

void readings_forget(uint32_t count)
{
    settle();
    forgotten += count;
}

bool readings_are_over(void)
{
    return READINGS > 0 && taken == READINGS && posted == forgotten;
}

uint32_t readings_lost(void)
{
    return lost;
}
