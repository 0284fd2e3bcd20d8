/* What the files beside this one give; take those that your chip has. */
#ifndef SOURCES_H
#define SOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Noise, for noise_stir: the ADC of an STM32F1; two clocks of an STM32F1; the ring oscillator of an RP2040. What is
 * started stays on. False: the source does not work. */
bool adc_start(void);
bool adc_sample(uint8_t *sample);
bool jitter_start(void);
bool jitter_sample(uint8_t *sample);
bool rosc_sample(uint8_t *sample);

/* Generators, as a lowkey_random: those of STM32 and of nRF52. Once started they stay on. */
void stm32_rng_start(void);
int32_t stm32_rng_fill(void *context, uint8_t *out, size_t len);
void nrf52_rng_start(void);
int32_t nrf52_rng_fill(void *context, uint8_t *out, size_t len);

#endif
