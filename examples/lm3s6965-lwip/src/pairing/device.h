/* A device that has keys and a label: it pairs, and then it is a device like any other. This is a file to copy. */
#ifndef DEVICE_H
#define DEVICE_H

#include "keys.h"
#include "label.h"

/* Milliseconds from the start on in which a device pairs. */
#define DEVICE_WINDOW 300000u

/* Once a start. Both must stay. */
lowkey_status device_begin(struct keys *keys, const struct label *label);

/* Brings this device and its server together, whoever calls, and says what came of it: one that waits goes on when a
 * stranger came. LOWKEY_OK: both have stored the other's key, and device_dial is next. Not after DEVICE_WINDOW. */
lowkey_status device_pair(void);

/* Connects with the pending pinning, then with the final one, sends readings until the server closes the channel, and
 * says what ended each. LOWKEY_NOT_OPEN: there is no pinning. */
lowkey_status device_dial(void);

#endif
