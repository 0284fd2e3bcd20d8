/* Noise: samples that are hard to guess, and nobody knows how hard. They are watched, and stirred into a seed, which
 * they cannot make worse. */
#ifndef NOISE_H
#define NOISE_H

#include "lowkey_common.h"

/* Gives a sample. False: the source does not work. */
typedef bool (*noise_sample)(uint8_t *sample);

/* Stirs 1,024 samples into a seed: 256 bits, if there is a quarter of a bit in each. Anything but 0: the source does
 * not work, or is stuck; or the status of lowkey_seed_stir. */
int32_t noise_stir(lowkey_seed *seed, noise_sample sample);

#endif
