/* Whether a source of noise still works: the two continuous tests of NIST SP 800-90B §4.4. They find a source that is
 * stuck, or nearly so. They do not find one that somebody can predict, and measure nothing. */
#ifndef HEALTH_H
#define HEALTH_H

#include <stdbool.h>
#include <stdint.h>

/* Two limits, and zeros. */
struct health {
    uint16_t most_in_a_row;    /* repetition count, §4.4.1 */
    uint16_t most_in_a_window; /* adaptive proportion, §4.4.2: of 512 */
    uint16_t in_a_row, in_the_window, seen;
    uint8_t last, first;
};

/* The limits for a source with so much entropy in a sample: a good one fails by chance once in 2^20 samples or
 * windows. */
#define HEALTH_QUARTER_OF_A_BIT {81, 468, 0, 0, 0, 0, 0}
#define HEALTH_FOUR_BITS {6, 62, 0, 0, 0, 0, 0}

/* For every sample. False: the source has failed. */
bool health_is_good(struct health *health, uint8_t sample);

#endif
