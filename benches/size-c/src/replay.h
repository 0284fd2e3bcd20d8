/* The peer, recorded: blobs one behind the other in the page that xtask loads, each with its length before it (two
 * bytes, big-endian). benches/size-script writes them, in this order: the device's and the server's public key, the
 * Diffie-Hellman of both static keys, three blobs for the rows in Rust, and for each of KK, KKpsk0, XX and XXpsk0 what
 * arrives at the initiator and what arrives at the responder. For an outbox there is another page: the keys, and what
 * arrives at the initiator. */
#ifndef REPLAY_H
#define REPLAY_H

#include <stddef.h>
#include <stdint.h>

enum replay_blob {
    REPLAY_DEVICE_KEY = 0,
    REPLAY_SERVER_KEY = 1,
    REPLAY_SHARED = 2,
    REPLAY_MODES = 6,
    REPLAY_OUTBOX = 3 /* of a page of its own */
};

/* Gives the blob at `index`. */
const uint8_t *replay_blob(size_t index, size_t *len);

/* A random source that is the same at every run. */
int32_t replay_random(void *context, uint8_t *out, size_t len);

#endif
