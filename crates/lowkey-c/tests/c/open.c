/* An open channel, bytes moved by hand: what each call may not be given, and that it goes on after all of it. */
#include "side.h"

static side initiator, responder;
/* Who is tried, and who is only there; everything is done both ways. */
static side *here = &initiator, *there = &responder;

/* Bytes up to which a call may not be answered by another status. */
static uint8_t bytes[1000];

static void drain(void) {
  OK(move_bytes(&initiator, &responder, BUFFER));
  OK(move_bytes(&responder, &initiator, BUFFER));
}

static void receives(side *to, side *from, const void *text, size_t text_len, bool last) {
  lowkey_event event;
  const uint8_t *data;
  size_t len;
  bool is_last;
  OK(next(to, from, BUFFER, &event));
  CHECK(event == LOWKEY_EVENT_DATA);
  OK(lowkey_take(&to->channel, &data, &len, &is_last));
  CHECK(is_last == last && len == text_len && memcmp(data, text, len) == 0);
}

static void before_it_is_open(void) {
  const uint8_t *out;
  size_t len;
  bool is_last;
  uint8_t key[32];
  lowkey_hello hello;
  begin(&initiator, &responder, LOWKEY_KK);
  GIVES(LOWKEY_NOT_OPEN, lowkey_send(&initiator.channel, NULL, 0));
  GIVES(LOWKEY_NOT_OPEN, lowkey_send_part(&initiator.channel, NULL, 0, true, &len));
  GIVES(LOWKEY_NOT_OPEN, lowkey_ping(&initiator.channel, NULL, 0));
  GIVES(LOWKEY_NOT_OPEN, lowkey_close(&initiator.channel));
  GIVES(LOWKEY_NOT_OPEN, lowkey_take(&initiator.channel, &out, &len, &is_last));
  GIVES(LOWKEY_NOT_OPEN, lowkey_max_data(&initiator.channel, &len));
  GIVES(LOWKEY_NOT_OPEN, lowkey_handshake_hash(&initiator.channel, key));
  if (!IS_DEVICE) {
    GIVES(LOWKEY_NOT_OPEN, lowkey_peer_key(&initiator.channel, key));
    GIVES(LOWKEY_OUT_OF_TURN, lowkey_accept(&initiator.channel));
    GIVES(LOWKEY_OUT_OF_TURN, lowkey_hello_read(&initiator.channel, &hello));
    GIVES(LOWKEY_OUT_OF_TURN, answer(&initiator, LOWKEY_KK));
  }
  CHECK(!lowkey_is_open(&initiator.channel));
}

static void moving_bytes(void) {
  uint8_t *space;
  const uint8_t *out;
  size_t len, taken;
  lowkey_channel *c = &here->channel;
  GIVES(LOWKEY_NULL, lowkey_poll(c, NULL));
  GIVES(LOWKEY_NULL, lowkey_feed(c, NULL, 1, &taken));
  GIVES(LOWKEY_NULL, lowkey_feed(c, bytes, 1, NULL));
  GIVES(LOWKEY_LENGTH, lowkey_feed(c, bytes, SIZE_MAX, &taken));
  OK(lowkey_feed(c, NULL, 0, &taken));
  CHECK(taken == 0);
  GIVES(LOWKEY_NULL, lowkey_space(c, NULL, &len));
  GIVES(LOWKEY_NULL, lowkey_space(c, &space, NULL));
  OK(lowkey_space(c, &space, &len));
  CHECK(space != NULL && len == 2);
  GIVES(LOWKEY_LENGTH, lowkey_filled(c, 3));
  GIVES(LOWKEY_LENGTH, lowkey_filled(c, SIZE_MAX));
  OK(lowkey_filled(c, 0));
  GIVES(LOWKEY_NULL, lowkey_unsent(c, NULL, &len));
  GIVES(LOWKEY_NULL, lowkey_unsent(c, &out, NULL));
  OK(lowkey_unsent(c, &out, &len));
  CHECK(len == 0);
  OK(lowkey_sent(c, 0));
  GIVES(LOWKEY_LENGTH, lowkey_sent(c, 1));
  OK(lowkey_send(c, bytes, 3));
  OK(lowkey_unsent(c, &out, &len));
  CHECK(len == 2 + 1 + 3 + 16);
  GIVES(LOWKEY_LENGTH, lowkey_sent(c, len + 1));
  GIVES(LOWKEY_LENGTH, lowkey_sent(c, SIZE_MAX));
  receives(there, here, bytes, 3, true);
}

/* A frame read straight to where it belongs. */
static void space_and_filled(void) {
  const uint8_t *out, *data;
  uint8_t *space;
  size_t len, room;
  bool is_last;
  lowkey_event event;
  OK(lowkey_send(&here->channel, bytes, 100));
  do {
    OK(lowkey_unsent(&here->channel, &out, &len));
    OK(lowkey_space(&there->channel, &space, &room));
    CHECK(room <= len);
    memcpy(space, out, room);
    OK(lowkey_filled(&there->channel, room));
    OK(lowkey_sent(&here->channel, room));
  } while (len > room);
  OK(lowkey_space(&there->channel, &space, &room));
  CHECK(room == 0);
  OK(lowkey_feed(&there->channel, bytes, 1, &room));
  CHECK(room == 0);
  OK(lowkey_poll(&there->channel, &event));
  CHECK(event == LOWKEY_EVENT_DATA);
  GIVES(LOWKEY_NULL, lowkey_take(&there->channel, NULL, &len, &is_last));
  GIVES(LOWKEY_NULL, lowkey_take(&there->channel, &data, NULL, &is_last));
  GIVES(LOWKEY_NULL, lowkey_take(&there->channel, &data, &len, NULL));
  OK(lowkey_take(&there->channel, &data, &len, &is_last));
  CHECK(len == 100 && is_last && memcmp(data, bytes, 100) == 0);
  GIVES(LOWKEY_OUT_OF_TURN, lowkey_take(&there->channel, &data, &len, &is_last));
}

static void messages(void) {
  size_t most, taken;
  lowkey_channel *c = &here->channel;
  GIVES(LOWKEY_NULL, lowkey_max_data(c, NULL));
  OK(lowkey_max_data(c, &most));
  CHECK(most == BUFFER - 17);
  GIVES(LOWKEY_NULL, lowkey_send(c, NULL, 1));
  GIVES(LOWKEY_LENGTH, lowkey_send(c, bytes, SIZE_MAX));
  GIVES(LOWKEY_TOO_LONG, lowkey_send(c, bytes, most + 1));
  GIVES(LOWKEY_NULL, lowkey_send_part(c, NULL, 1, true, &taken));
  GIVES(LOWKEY_NULL, lowkey_send_part(c, bytes, 1, true, NULL));
  GIVES(LOWKEY_LENGTH, lowkey_send_part(c, bytes, SIZE_MAX, true, &taken));
  OK(lowkey_send(c, bytes, most));
  GIVES(LOWKEY_WOULD_BLOCK, lowkey_send(c, bytes, 1));
  GIVES(LOWKEY_WOULD_BLOCK, lowkey_send_part(c, bytes, 1, true, &taken));
  GIVES(LOWKEY_WOULD_BLOCK, lowkey_ping(c, bytes, 1));
  GIVES(LOWKEY_TOO_LONG, lowkey_send(c, bytes, most + 1));
  GIVES(LOWKEY_TOO_LONG, lowkey_ping(c, bytes, LOWKEY_MAX_PING + 1));
  receives(there, here, bytes, most, true);
  /* In pieces. */
  OK(lowkey_send_part(c, NULL, 0, false, &taken));
  CHECK(taken == 0);
  OK(lowkey_send_part(c, bytes, sizeof bytes, true, &taken));
  CHECK(taken == most);
  GIVES(LOWKEY_UNFINISHED, lowkey_send(c, bytes, 1));
  receives(there, here, bytes, most, false);
  GIVES(LOWKEY_UNFINISHED, lowkey_send(c, bytes, 1));
  OK(lowkey_send_part(c, bytes, 5, false, &taken));
  receives(there, here, bytes, 5, false);
  OK(lowkey_send_part(c, NULL, 0, true, &taken));
  receives(there, here, bytes, 0, true);
  OK(lowkey_send(c, NULL, 0));
  receives(there, here, bytes, 0, true);
}

/* What was taken can be sent back at once. */
static void an_echo(void) {
  const uint8_t *data;
  size_t len;
  bool is_last;
  lowkey_event event;
  OK(lowkey_send(&here->channel, bytes, 200));
  OK(next(there, here, BUFFER, &event));
  OK(lowkey_take(&there->channel, &data, &len, &is_last));
  OK(lowkey_send(&there->channel, data, len));
  receives(here, there, bytes, 200, true);
}

static void pings(void) {
  lowkey_event event;
  lowkey_channel *c = &here->channel;
  GIVES(LOWKEY_NULL, lowkey_ping(c, NULL, 1));
  GIVES(LOWKEY_TOO_LONG, lowkey_ping(c, bytes, LOWKEY_MAX_PING + 1));
  OK(lowkey_ping(c, NULL, 0));
  CHECK(!lowkey_awaits_pong(c));
  drain();
  OK(lowkey_poll(&there->channel, &event));
  CHECK(event == LOWKEY_EVENT_READ);
  OK(lowkey_ping(c, bytes, LOWKEY_MAX_PING));
  CHECK(lowkey_awaits_pong(c));
  drain();
  GIVES(LOWKEY_PING_PENDING, lowkey_ping(c, bytes, 1));
  OK(lowkey_poll(&there->channel, &event));
  CHECK(event == LOWKEY_EVENT_WRITE); /* the PONG */
  drain();
  OK(lowkey_poll(c, &event));
  CHECK(event == LOWKEY_EVENT_READ && !lowkey_awaits_pong(c));
}

/* What has come can be taken although something is unsent: two sides that only write do not lock each other out. */
static void taking_while_writing(void) {
  lowkey_event event;
  const uint8_t *data;
  size_t len;
  bool is_last;
  OK(lowkey_send(&there->channel, bytes, 7));
  OK(move_bytes(there, here, BUFFER));
  OK(lowkey_send(&here->channel, bytes, 9));
  OK(lowkey_poll(&here->channel, &event));
  CHECK(event == LOWKEY_EVENT_WRITE);
  OK(lowkey_take(&here->channel, &data, &len, &is_last));
  CHECK(len == 7 && is_last);
  receives(there, here, bytes, 9, true);
}

/* Nothing has to be written first, and what is owed leaves before it. */
static void close_behind_a_ping(void) {
  lowkey_event event;
  open_both(&initiator, &responder, LOWKEY_KK);
  drain();
  OK(lowkey_ping(&here->channel, bytes, 5));
  OK(lowkey_close(&here->channel));
  OK(lowkey_close(&here->channel));
  CHECK(!lowkey_is_open(&here->channel));
  GIVES(LOWKEY_CLOSED, lowkey_send(&here->channel, bytes, 1));
  OK(next(there, here, BUFFER, &event));
  CHECK(event == LOWKEY_EVENT_END);
  OK(lowkey_close(&there->channel));
  OK(next(here, there, BUFFER, &event));
  CHECK(event == LOWKEY_EVENT_END && !lowkey_awaits_pong(&here->channel)); /* the PONG came before the CLOSE */
  CHECK(lowkey_is_closed(&here->channel) && lowkey_is_closed(&there->channel));
}

static void the_end(void) {
  lowkey_event event;
  size_t taken;
  lowkey_channel *c = &here->channel;
  OK(lowkey_close(c));
  OK(lowkey_close(c));
  GIVES(LOWKEY_CLOSED, lowkey_ping(c, bytes, 1));
  GIVES(LOWKEY_CLOSED, lowkey_send(c, bytes, 1));
  GIVES(LOWKEY_CLOSED, lowkey_send_part(c, bytes, 1, true, &taken));
  drain();
  GIVES(LOWKEY_CLOSED, lowkey_send(c, bytes, 1));
  GIVES(LOWKEY_CLOSED, lowkey_ping(c, bytes, 1));
  OK(next(there, here, BUFFER, &event));
  CHECK(event == LOWKEY_EVENT_END && lowkey_is_open(&there->channel) && !lowkey_is_open(c));
  /* The other direction goes on. */
  OK(lowkey_send(&there->channel, bytes, 4));
  receives(here, there, bytes, 4, true);
  OK(lowkey_close(&there->channel));
  drain();
  OK(lowkey_poll(c, &event));
  CHECK(event == LOWKEY_EVENT_END && lowkey_is_closed(c) && lowkey_is_closed(&there->channel));
  OK(lowkey_poll(c, &event));
  CHECK(event == LOWKEY_EVENT_END);
  OK(lowkey_feed_end(c));
}

static void try_all(void) {
  uint8_t key[32];
  open_both(&initiator, &responder, LOWKEY_KK);
  drain();
  GIVES(LOWKEY_NULL, lowkey_handshake_hash(&here->channel, NULL));
  if (!IS_DEVICE || here == &responder) {
    GIVES(LOWKEY_NULL, lowkey_peer_key(&here->channel, NULL));
    OK(lowkey_peer_key(&here->channel, key));
    GIVES(LOWKEY_OUT_OF_TURN, lowkey_accept(&here->channel));
  }
  CHECK(lowkey_is_open(&initiator.channel) && lowkey_is_open(&responder.channel));
  moving_bytes();
  space_and_filled();
  messages();
  an_echo();
  pings();
  taking_while_writing();
  the_end();
  close_behind_a_ping();
}

int main(void) {
  size_t at;
  for (at = 0; at < sizeof bytes; at++) bytes[at] = (uint8_t)(at * 7);
  make_pair(&initiator, &responder, false);
  before_it_is_open();
  try_all();
  here = &responder, there = &initiator;
  try_all();
  return 0;
}
