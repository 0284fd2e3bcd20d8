/* Whether a source of noise still works: NIST SP 800-90B §4.4. */
#include "health.h"

#define WINDOW 512u

bool health_is_good(struct health *health, uint8_t sample)
{
    health->in_a_row = health->in_a_row > 0 && sample == health->last ? (uint16_t)(health->in_a_row + 1) : 1;
    health->last = sample;
    if (health->seen == 0) {
        health->first = sample;
        health->in_the_window = 0;
    }
    health->in_the_window = (uint16_t)(health->in_the_window + (sample == health->first));
    health->seen = (uint16_t)((health->seen + 1) % WINDOW);
    if (health->in_a_row >= health->most_in_a_row) {
        health->in_a_row = health->most_in_a_row; /* and no further: it must not begin at 0 again */
        return false;
    }
    if (health->in_the_window >= health->most_in_a_window) {
        health->seen = 0; /* a new window, a new chance */
        return false;
    }
    return true;
}
