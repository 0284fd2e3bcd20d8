/* Finds a blob in the recorded page. */
#include "replay.h"

#include "fixed.h"

#define PAGE ((const uint8_t *)0x3F000u)

const uint8_t *replay_blob(size_t index, size_t *len)
{
    const uint8_t *blob = PAGE;
    for (;; index--) {
        *len = (size_t)blob[0] << 8 | blob[1];
        if (index == 0) {
            return blob + 2;
        }
        blob += 2 + *len;
    }
}

int32_t replay_random(void *context, uint8_t *out, size_t len)
{
    (void)context;
    while (len > 0) {
        out[--len] = RANDOM_BYTE;
    }
    return 0;
}
