/* What is named of the Pico SDK, hardware_structs. */
#ifndef HARDWARE_STRUCTS_ROSC_H
#define HARDWARE_STRUCTS_ROSC_H

#include <stdint.h>

typedef struct {
    volatile uint32_t status, randombit;
} rosc_hw_t;

rosc_hw_t *rosc_model(void);

#define rosc_hw (rosc_model())
#define ROSC_STATUS_STABLE_BITS 0x80000000u

#endif
