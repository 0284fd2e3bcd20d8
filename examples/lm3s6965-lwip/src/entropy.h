/* Random numbers on a part that has no generator: the seed of the key page, what differs from start to start (the boot
 * log's number) and from moment to moment (the clock when something happened), stirred together. */
#ifndef ENTROPY_H
#define ENTROPY_H

#include "lowkey_common.h"

/* Begins with the page's seed and the number of this start. LOWKEY_BLANK: the seed cannot be used. */
lowkey_status entropy_start(const uint8_t seed[32], uint64_t boot);

/* Stirs in the time. To be called when the outside world has decided when. */
void entropy_stir(void);

/* Fills `out`; a lowkey_random. */
int32_t entropy_fill(void *context, uint8_t *out, size_t len);

/* Four bytes for lwIP's ports and sequence numbers. */
uint32_t entropy_word(void);

#endif
