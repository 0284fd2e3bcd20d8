/* What happens once at a start of a device that pairs: its key store is opened, its keys are made if it has none, and
 * the start is counted. This is a file to copy. */
#ifndef KEYS_H
#define KEYS_H

#include "buttons.h"
#include "lowkey.h"

/* Who this device is, whom it has paired with, and which start this is. All zeros at first. */
struct keys {
    lowkey_key_store store;
    lowkey_identity identity;
    lowkey_ephemerals ephemerals;
    uint64_t boot;
};

/* Begins a start, as the button that is `held` asks for: with "Down" the device forgets its keys and pinnings first,
 * and with "Select" an empty store takes the place of one that is damaged. A device for which this is not LOWKEY_OK
 * must not go on. */
lowkey_status keys_start(struct keys *keys, enum button held);

#endif
