/* The readings: a timer interrupt takes them and leaves them in a mailbox; the main loop's channel sends them.
 *
 * A reading is `r`, its number and the milliseconds since start, both 32 bits, big-endian. */
#ifndef READINGS_H
#define READINGS_H

#include <stdbool.h>
#include <stdint.h>

/* How many are taken at all; 0 is no end. */
#ifndef READINGS
#define READINGS 0u
#endif

/* Bytes of a reading. */
#define READING 9u

/* Takes readings from now on. */
void readings_start(void);

/* Takes one every `period` milliseconds from now on, brought into 10 to 100,000. */
void readings_set_period(uint32_t period);

/* Copies the reading that so many others have waited longer than; it stays. False: there is none. */
bool readings_look(uint32_t behind, uint8_t reading[READING]);

/* Forgets the `count` readings that wait longest. */
void readings_forget(uint32_t count);

/* Whether all that there are were taken, and have left the mailbox. */
bool readings_are_over(void);

/* How many readings found the mailbox full, while there was no channel. */
uint32_t readings_lost(void);

#endif
