/* Who we are and whom we expect, from the key files that the `lowkey` command makes. */
#ifndef KEYS_H
#define KEYS_H

#include "lowkey.h"

/* Everything that a handshake needs: `ours.pinning` and the ephemerals. Do not move or copy it. */
struct keys {
    lowkey_keys ours;
    lowkey_ephemerals ephemerals;
};

/* Reads a responder's key (lowkey keygen), its device's public key (lkpub1...) and their PSK (lowkey keygen --psk), or
 * NULL if they have none. The id is the default one. NULL; or what is wrong, for people, and in `what` with which of
 * them. */
const char *keys_from_files(struct keys *keys, const char *key_file, const char *device, const char *psk_file,
                            const char **what);

/* Makes zeros of all of it. */
void keys_wipe(struct keys *keys);

#endif
