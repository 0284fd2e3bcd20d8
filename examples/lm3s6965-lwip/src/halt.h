/* What the board does when it cannot go on: say why on the serial line, and stop.
 *
 * It does not start again by itself: a fault must be seen while somebody is looking. A product would reset from here,
 * or let a watchdog do it. */
#ifndef HALT_H
#define HALT_H

/* Stops the core for good, as a device without keys does. */
void halt(void) __attribute__((noreturn));

/* A condition of lwIP's that must always hold did not. */
void halt_assertion(void) __attribute__((noreturn));

/* Exception and interrupt handlers. */
void halt_hard_fault(void);
void halt_unexpected(void);

#endif
