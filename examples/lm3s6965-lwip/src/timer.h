/* General-purpose timer 0 as a periodic interrupt, for work that must not wait for the network. */
#ifndef TIMER_H
#define TIMER_H

#include <stdint.h>

/* Calls `work` every `period` milliseconds (1 to 85,000) from the interrupt. */
void timer_start(uint32_t period, void (*work)(void));

/* Interrupt handler. */
void timer_on_interrupt(void);

#endif
