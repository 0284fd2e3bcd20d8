/* The one noise of this part: the low bits of its temperature sensor, by way of the ADC (data sheet 12.3, 12.4).
 *
 * How much chance is in a sample is not known before it has been measured on a board. lowkey_key_store_make_keys asks
 * for one bit in each, tests 1,024 of them, and finds a sensor that is stuck, not one that is predictable.
 *
 * QEMU has no ADC that a program starts. A firmware built with DEMO=1 asks whoever is on the serial line
 * (played_noise.c). */
#ifndef NOISE_H
#define NOISE_H

#include <stddef.h>
#include <stdint.h>

/* A sample for each byte; a lowkey_random. `context` is not used. */
int32_t noise_fill(void *context, uint8_t *out, size_t len);

#endif
