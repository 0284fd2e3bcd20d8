/* Every mode, from C to C: handshake, the same hash, the right keys, a message each way, the end; keys gone. */
#include "side.h"

static void end(side *here, side *there) {
  lowkey_event event;
  OK(lowkey_close(&here->channel));
  CHECK(!lowkey_is_open(&here->channel) && !lowkey_is_closed(&here->channel));
  OK(next(there, here, BUFFER, &event));
  CHECK(event == LOWKEY_EVENT_END);
  OK(lowkey_close(&there->channel));
  OK(next(here, there, BUFFER, &event));
  CHECK(event == LOWKEY_EVENT_END);
  CHECK(lowkey_is_closed(&here->channel) && lowkey_is_closed(&there->channel));
  OK(lowkey_feed_end(&here->channel));
}

static void play(lowkey_mode mode) {
  static side initiator, responder;
  uint8_t one[32], other[32];
  make_pair(&initiator, &responder, mode == LOWKEY_KKPSK0);
  open_both(&initiator, &responder, mode);
  OK(lowkey_handshake_hash(&initiator.channel, one));
  OK(lowkey_handshake_hash(&responder.channel, other));
  CHECK(memcmp(one, other, 32) == 0);
  if (!IS_DEVICE) {
    OK(lowkey_peer_key(&initiator.channel, one));
    CHECK(memcmp(one, responder.public_key, 32) == 0);
  }
  OK(lowkey_peer_key(&responder.channel, other));
  CHECK(memcmp(other, initiator.public_key, 32) == 0);
  if (mode == LOWKEY_KK || mode == LOWKEY_KKPSK0) {
    say(&initiator, &responder, "21.5 C");
    say(&responder, &initiator, "noted");
    say(&responder, &initiator, "");
  } else {
    GIVES(LOWKEY_NOT_OPEN, lowkey_send(&initiator.channel, one, 1));
  }
  end(&initiator, &responder);
}

/* The keys of both directions are zeros once a channel is over: 64 bytes, of which few were zeros by chance. */
static void keys_are_gone_at(side *initiator, side *responder, side *here) {
  static lowkey_channel before;
  const uint8_t *const was = (const uint8_t *)&before, *const is = (const uint8_t *)&here->channel;
  size_t at, gone = 0;
  open_both(initiator, responder, LOWKEY_KK);
  OK(move_bytes(initiator, responder, BUFFER));
  memcpy(&before, &here->channel, sizeof before);
  GIVES(LOWKEY_TRUNCATED, lowkey_feed_end(&here->channel));
  for (at = 0; at < sizeof before; at++) gone += was[at] != 0 && is[at] == 0;
  CHECK(gone > 56);
}

static void its_keys_are_gone(void) {
  static side initiator, responder;
  make_pair(&initiator, &responder, false);
  keys_are_gone_at(&initiator, &responder, &initiator);
  keys_are_gone_at(&initiator, &responder, &responder);
}

int main(void) {
  play(LOWKEY_KK);
  play(LOWKEY_KKPSK0);
  if (!IS_DEVICE) play(LOWKEY_XX);
  if (!IS_DEVICE) play(LOWKEY_XXPSK0);
  its_keys_are_gone();
  return 0;
}
