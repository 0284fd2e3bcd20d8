/* One side of a connection in a test: its keys, its channel and its buffers. */
#ifndef SIDE_H
#define SIDE_H

#include "either.h"

#define BUFFER 300

typedef struct side {
  uint8_t private_key[32], public_key[32], psk_bytes[32], hedge[32], shared[32];
  lowkey_identity identity;
  lowkey_peer peer;
  lowkey_psk psk;
  lowkey_seed seed;
  lowkey_ephemerals ephemerals;
  lowkey_pinning pinning;
  uint64_t boot;
  lowkey_page page; /* for a device: the same keys */
  lowkey_buffers buffers;
  lowkey_channel channel; /* or, at an initiator with DEVICE, a lowkey_kk */
  uint8_t id[8];
  uint8_t incoming[BUFFER], outgoing[BUFFER + 2];
} side;

/* Makes the keys of two sides that have pinned each other; with_psk: the mode is KKpsk0. */
void make_pair(side *initiator, side *responder, bool with_psk);

/* Begins a channel on each, in this mode. */
void begin(side *initiator, side *responder, lowkey_mode mode);

/* The device in the storage of the channel. */
lowkey_kk *device_of(side *initiator);

/* Answers the hello that waits, in this mode. */
lowkey_status answer(side *responder, lowkey_mode mode);

/* Moves what `from` has unsent to `to`, at most `most` bytes at a time; gives what stopped it, LOWKEY_OK if nothing is
 * left or `to` has to be polled. */
lowkey_status move_bytes(side *from, side *to, size_t most);

/* Begins both and plays the handshake until both have said LOWKEY_EVENT_OPEN. */
void open_both(side *initiator, side *responder, lowkey_mode mode);

/* Plays the handshake of two that have begun. */
void open_begun(side *initiator, side *responder, lowkey_mode mode);

/* Sends a message and receives it there. */
void say(side *here, side *there, const char *text);

/* A stream that neither has nor takes anything. */
int32_t no_read(void *context, uint8_t *out, size_t len);
int32_t no_write(void *context, const uint8_t *bytes, size_t len);

/* Polls until there is another event than READ and WRITE, moving bytes both ways, at most `most` at a time. */
lowkey_status next(side *here, side *there, size_t most, lowkey_event *event);

#endif
