/* How deep the stack has been. */
#ifndef STACK_H
#define STACK_H

#include <stdint.h>

/* The word with which the start-up code paints all RAM between the statics and the top of the stack. */
#define STACK_PAINT 0xCCCCCCCCu

/* The deepest the stack has been since start, in bytes, interrupts included. */
uint32_t stack_peak(void);

#endif
