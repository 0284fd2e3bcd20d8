/* Every mode, from C to C: handshake, the same hash, the right keys, a message each way, the end. */
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

int main(void) {
  play(LOWKEY_KK);
  play(LOWKEY_KKPSK0);
  if (!IS_DEVICE) play(LOWKEY_XX);
  if (!IS_DEVICE) play(LOWKEY_XXPSK0);
  return 0;
}
