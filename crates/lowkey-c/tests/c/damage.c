/* A stream changed or cut at any byte: a status at one side at least, never a crash, nothing wrong delivered. */
#include "side.h"

static side initiator, responder;

/* One direction: what happens to byte number `at`. */
typedef struct direction {
  size_t count, at;
  uint8_t flip; /* 0: nothing comes from there on */
} direction;

/* What became of a side. */
typedef struct fate {
  lowkey_status status;
  bool is_open, has_ended, is_closing;
  int messages;
} fate;

static void carry(side *from, side *to, direction *way, fate *fate_of_to) {
  const uint8_t *bytes;
  size_t len, taken;
  uint8_t byte;
  while (lowkey_unsent(&from->channel, &bytes, &len) == LOWKEY_OK && len > 0) {
    if (fate_of_to->status != LOWKEY_OK || (way->flip == 0 && way->count >= way->at)) {
      OK(lowkey_sent(&from->channel, len));
      return;
    }
    byte = bytes[0];
    if (way->count == way->at) byte ^= way->flip;
    fate_of_to->status = lowkey_feed(&to->channel, &byte, 1, &taken);
    if (fate_of_to->status != LOWKEY_OK || taken == 0) return;
    OK(lowkey_sent(&from->channel, 1));
    way->count++;
  }
}

static void say_once(side *here, fate *fate, const char *text) {
  if (fate->status == LOWKEY_OK) fate->status = lowkey_send(&here->channel, (const uint8_t *)text, strlen(text));
}

static void hear(side *here, fate *fate, const char *text) {
  const uint8_t *data;
  size_t len;
  bool is_last;
  OK(lowkey_take(&here->channel, &data, &len, &is_last));
  CHECK(is_last && len == strlen(text) && memcmp(data, text, len) == 0);
  fate->messages++;
}

static void close_side(side *here, fate *fate) {
  fate->status = lowkey_close(&here->channel);
  if (fate->status == LOWKEY_WOULD_BLOCK) fate->status = LOWKEY_OK;
  else fate->is_closing = true;
}

/* One look at a side: the initiator asks, the responder answers and closes, then the initiator closes. */
static void act(side *here, fate *fate, lowkey_mode mode, bool asks) {
  const bool pairs = mode == LOWKEY_XX || mode == LOWKEY_XXPSK0;
  lowkey_event event;
  if (fate->status != LOWKEY_OK) return;
  fate->status = lowkey_poll(&here->channel, &event);
  if (fate->status != LOWKEY_OK) return;
  switch (event) {
    case LOWKEY_EVENT_HELLO:
      fate->status = answer(here, mode);
      break;
    case LOWKEY_EVENT_CLAIM:
      fate->status = lowkey_accept(&here->channel);
      break;
    case LOWKEY_EVENT_OPEN:
      fate->is_open = true;
      if (asks && !pairs) say_once(here, fate, "ask");
      break;
    case LOWKEY_EVENT_DATA:
      hear(here, fate, asks ? "answer" : "ask");
      if (!asks) say_once(here, fate, "answer");
      break;
    case LOWKEY_EVENT_END:
      fate->has_ended = true;
      break;
    default:
      break;
  }
  if (fate->status == LOWKEY_OK && fate->is_open && !fate->is_closing && (pairs || fate->messages > 0)) {
    close_side(here, fate);
  }
}

static void end(side *here, fate *fate) {
  if (fate->status == LOWKEY_OK) fate->status = lowkey_feed_end(&here->channel);
  if (fate->status != LOWKEY_OK) {
    lowkey_event event;
    CHECK(!lowkey_is_recoverable(fate->status));
    GIVES(fate->status, lowkey_poll(&here->channel, &event));
  } else {
    CHECK(fate->has_ended);
  }
}

/* Plays a whole connection; whether it went well on both sides. */
static bool play(lowkey_mode mode, direction *up, direction *down) {
  fate one = {LOWKEY_OK, false, false, false, 0}, other = {LOWKEY_OK, false, false, false, 0};
  int round;
  begin(&initiator, &responder, mode);
  for (round = 0; round < 30; round++) {
    act(&initiator, &one, mode, true);
    carry(&initiator, &responder, up, &other);
    act(&responder, &other, mode, false);
    carry(&responder, &initiator, down, &one);
  }
  end(&initiator, &one);
  end(&responder, &other);
  CHECK(one.messages <= 1 && other.messages <= 1);
  return one.status == LOWKEY_OK && other.status == LOWKEY_OK;
}

static void every_byte(lowkey_mode mode) {
  static const uint8_t flips[] = {0, 1, 0x80, 0xff};
  static const direction untouched = {0, SIZE_MAX, 1};
  direction up = untouched, down = untouched;
  size_t total[2], way, flip, at;
  CHECK(play(mode, &up, &down));
  total[0] = up.count, total[1] = down.count;
  CHECK(total[0] > 80 && total[1] > 80);
  for (way = 0; way < 2; way++) {
    for (at = 0; at < total[way]; at++) {
      for (flip = 0; flip < sizeof flips; flip++) {
        direction ways[2];
        ways[0] = ways[1] = untouched;
        ways[way].at = at;
        ways[way].flip = flips[flip];
        CHECK(!play(mode, &ways[0], &ways[1]));
      }
    }
  }
}

int main(int argc, char **argv) {
  const lowkey_mode mode = (lowkey_mode)(argc == 2 ? argv[1][0] - '0' : 0);
  CHECK(mode >= LOWKEY_KK && mode <= LOWKEY_XXPSK0);
  make_pair(&initiator, &responder, mode == LOWKEY_KKPSK0);
  every_byte(mode);
  return 0;
}
