/* The milliseconds since start, counted by SysTick. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/* Starts a tick every millisecond. */
void clock_start(void);

/* Milliseconds since start. They wrap after 49 days: compare only by clock_since. */
uint32_t clock_now(void);

/* Milliseconds since `start`, right across the wrap for anything shorter than 49 days. */
uint32_t clock_since(uint32_t start);

/* The core's cycles since start, wrapping: what differs from run to run in when something happened. */
uint32_t clock_cycles(void);

/* Interrupt handler. */
void clock_on_tick(void);

#endif
