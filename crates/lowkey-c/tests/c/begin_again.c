/* Beginning a device's channel, and beginning again whatever was before; the random source that it draws from. */
#include "calls.h"

static side initiator, responder;
static lowkey_kk *device;

static lowkey_status init(void) {
  return lowkey_kk_init(device, &initiator.page, &initiator.buffers, 1, lowkey_seed_random, &initiator.seed);
}

static void every_call_gives(lowkey_status status) {
  size_t at;
  for (at = 0; at < ACT_COUNT; at++) GIVES(status, ACTS[at].call(&initiator.channel));
  for (at = 0; at < QUESTION_COUNT; at++) GIVES(status, QUESTIONS[at].call(&initiator.channel));
  CHECK(!lowkey_kk_is_open(device) && !lowkey_kk_is_closed(device) && !lowkey_kk_awaits_pong(device));
}

static void out_of_turn_before_the_first_beginning(void) {
  memset(&initiator.channel, 0, sizeof initiator.channel);
  GIVES(LOWKEY_NOT_INITIALISED, lowkey_kk_begin(device));
  GIVES(LOWKEY_NULL, lowkey_kk_begin(NULL));
  GIVES(LOWKEY_NULL, lowkey_kk_begin((lowkey_kk *)(void *)((uint8_t *)device + 1)));
  OK(init());
  every_call_gives(LOWKEY_OUT_OF_TURN);
  OK(lowkey_kk_begin(device));
  OK(lowkey_kk_wipe(device));
  every_call_gives(LOWKEY_NOT_INITIALISED);
  GIVES(LOWKEY_NOT_INITIALISED, lowkey_kk_begin(device));
}

/* Opens what the device has begun, to a responder that begins anew. */
static void open_it(void) {
  OK(lowkey_responder(&responder.channel, &responder.buffers));
  open_begun(&initiator, &responder, LOWKEY_KKPSK0);
}

static void it_carries(void) {
  say(&initiator, &responder, "up");
  say(&responder, &initiator, "down");
}

/* What a channel can be in the middle of. */
static void after_nothing(void) {}
static void half_of_message_1_sent(void) { OK(lowkey_kk_sent(device, 50)); }
static void half_a_frame_come(void) {
  size_t taken;
  OK(lowkey_kk_feed(device, (const uint8_t *)"\0\40half", 6, &taken));
}
static void a_refusal_come(void) {
  size_t taken;
  OK(lowkey_kk_feed(device, (const uint8_t *)"\0\1\3", 3, &taken));
}
static void inside_a_message(void) {
  size_t taken;
  open_it();
  OK(lowkey_kk_send_part(device, (const uint8_t *)"half", 4, false, &taken));
}
static void inside_a_message_of_the_peer(void) {
  const uint8_t *data;
  lowkey_event event;
  size_t n;
  bool is_last;
  open_it();
  OK(lowkey_send_part(&responder.channel, (const uint8_t *)"half", 4, false, &n));
  OK(next(&initiator, &responder, BUFFER, &event));
  OK(lowkey_kk_take(device, &data, &n, &is_last));
}
static void inside_send_message(void) {
  static const uint8_t message[BUFFER] = {1};
  const lowkey_io io = {NULL, no_read, no_write};
  size_t done = 0;
  open_it();
  OK(move_bytes(&initiator, &responder, BUFFER));
  GIVES(LOWKEY_WOULD_BLOCK, lowkey_kk_send_message(device, &io, message, sizeof message, &done));
  CHECK(done == BUFFER - 17);
}
static void inside_recv_message(void) {
  const lowkey_io io = {NULL, no_read, no_write};
  lowkey_event event;
  uint8_t message[8];
  size_t n;
  bool is_end;
  open_it();
  OK(lowkey_send_part(&responder.channel, (const uint8_t *)"half", 4, false, &n));
  OK(next(&initiator, &responder, BUFFER, &event));
  GIVES(LOWKEY_WOULD_BLOCK, lowkey_kk_recv_message(device, &io, message, sizeof message, &n, &is_end));
}
static void a_piece_waiting(void) {
  lowkey_event event;
  open_it();
  OK(lowkey_send(&responder.channel, (const uint8_t *)"old", 3));
  OK(next(&initiator, &responder, BUFFER, &event));
}
static void a_ping_out(void) {
  open_it();
  OK(move_bytes(&initiator, &responder, BUFFER));
  OK(lowkey_kk_ping(device, (const uint8_t *)"there?", 6));
  CHECK(lowkey_kk_awaits_pong(device));
}
static void a_pong_owed(void) {
  lowkey_event event;
  open_it();
  OK(move_bytes(&initiator, &responder, BUFFER));
  OK(lowkey_kk_send(device, (const uint8_t *)"unsent", 6));
  OK(lowkey_ping(&responder.channel, (const uint8_t *)"there?", 6));
  OK(move_bytes(&responder, &initiator, BUFFER));
  OK(lowkey_kk_poll(device, &event));
}
static void a_stuck_stream(void) { OK(lowkey_kk_sent(device, 0)); }
static void closed(void) {
  lowkey_event event;
  open_it();
  OK(lowkey_kk_close(device));
  OK(next(&responder, &initiator, BUFFER, &event));
}
static void closed_by_both(void) {
  lowkey_event event;
  closed();
  OK(lowkey_close(&responder.channel));
  OK(next(&initiator, &responder, BUFFER, &event));
  CHECK(event == LOWKEY_EVENT_END && lowkey_kk_is_closed(device));
}
static void after_an_error(void) {
  GIVES(LOWKEY_HUNG_UP, lowkey_kk_feed_end(device));
  every_call_gives(LOWKEY_HUNG_UP);
}

/* Whatever there was before is over. */
static void begun_again_it_is_a_new_channel(void) {
  static void (*const before[])(void) = {
      after_nothing, half_of_message_1_sent, half_a_frame_come, a_refusal_come, inside_a_message,
      inside_a_message_of_the_peer, inside_send_message, inside_recv_message, a_piece_waiting, a_ping_out,
      a_pong_owed, a_stuck_stream, closed, closed_by_both, after_an_error,
  };
  static uint8_t ephemerals[sizeof before / sizeof *before + 1][32];
  size_t at, other;
  OK(init());
  OK(lowkey_kk_begin(device));
  for (at = 0; at < sizeof before / sizeof *before; at++) {
    const uint8_t *bytes;
    size_t len;
    lowkey_event event;
    before[at]();
    OK(lowkey_kk_begin(device));
    CHECK(!lowkey_kk_is_open(device) && !lowkey_kk_is_closed(device) && !lowkey_kk_awaits_pong(device));
    OK(lowkey_kk_poll(device, &event));
    CHECK(event == LOWKEY_EVENT_WRITE);
    OK(lowkey_kk_unsent(device, &bytes, &len));
    CHECK(len == 2 + 3 + 8 + 50);
    memcpy(ephemerals[at], bytes + 2 + 3 + 8, 32);
    for (other = 0; other < at; other++) CHECK(memcmp(ephemerals[other], ephemerals[at], 32) != 0);
    open_it();
    it_carries();
    OK(lowkey_kk_begin(device));
  }
}

/* Nothing of a channel is left that could be read before the next one is open. */
static void begun_again_it_asks_before_it_is_open(void) {
  const uint8_t *data;
  uint8_t hash[32];
  size_t len;
  bool is_last;
  a_piece_waiting();
  OK(lowkey_kk_begin(device));
  GIVES(LOWKEY_NOT_OPEN, lowkey_kk_take(device, &data, &len, &is_last));
  GIVES(LOWKEY_NOT_OPEN, lowkey_kk_send(device, NULL, 0));
  GIVES(LOWKEY_NOT_OPEN, lowkey_kk_max_data(device, &len));
  GIVES(LOWKEY_NOT_OPEN, lowkey_kk_handshake_hash(device, hash));
  GIVES(LOWKEY_NOT_OPEN, lowkey_kk_close(device));
}

/* The same random bytes: the attempt's number keeps the ephemeral keys of a boot apart, the boot's those of all. */
static int calls_of_random;

static int32_t same_random(void *context, uint8_t *out, size_t len) {
  memset(out, 7, len);
  calls_of_random++;
  return context == NULL ? 0 : *(int32_t *)context;
}

static void ephemeral_of(uint64_t boot, uint8_t out[32]) {
  const uint8_t *bytes;
  size_t len;
  if (boot > 0) OK(lowkey_kk_init(device, &initiator.page, &initiator.buffers, boot, same_random, NULL));
  OK(lowkey_kk_begin(device));
  OK(lowkey_kk_unsent(device, &bytes, &len));
  memcpy(out, bytes + 2 + 3 + 8, 32);
}

static void random_numbers_that_are_always_the_same(void) {
  uint8_t keys[4][32], again[32];
  int one, other;
  ephemeral_of(1, keys[0]);
  ephemeral_of(0, keys[1]);
  ephemeral_of(0, keys[2]);
  ephemeral_of(2, keys[3]);
  for (one = 0; one < 4; one++) {
    for (other = 0; other < one; other++) CHECK(memcmp(keys[one], keys[other], 32) != 0);
  }
  ephemeral_of(1, again); /* the boot number that was used before: why the boot log counts */
  CHECK(memcmp(again, keys[0], 32) == 0);
}

/* It fails: no channel, and no key of the one before; once it works again, so does the device. */
static void a_random_source_that_fails(void) {
  static int32_t gives;
  OK(lowkey_kk_init(device, &initiator.page, &initiator.buffers, 3, same_random, &gives));
  for (gives = -1; gives <= 1; gives += 2) {
    GIVES(LOWKEY_ENTROPY, lowkey_kk_begin(device));
    every_call_gives(LOWKEY_ENTROPY);
    GIVES(LOWKEY_ENTROPY, lowkey_kk_begin(device));
  }
  gives = 0;
  OK(lowkey_kk_begin(device));
  open_it();
  it_carries();
  gives = 1;
  GIVES(LOWKEY_ENTROPY, lowkey_kk_begin(device));
  every_call_gives(LOWKEY_ENTROPY);
  gives = 0;
  OK(lowkey_kk_begin(device));
  open_it();
  it_carries();
}

/* A random callback that tries the device it draws for. */
static int32_t nosy_random(void *context, uint8_t *out, size_t len) {
  every_call_gives(LOWKEY_OUT_OF_TURN);
  GIVES(LOWKEY_OUT_OF_TURN, lowkey_kk_begin(device));
  GIVES(LOWKEY_OUT_OF_TURN, init());
  GIVES(LOWKEY_OUT_OF_TURN, lowkey_kk_wipe(device));
  return same_random(context, out, len);
}

static int32_t nosy_read(void *context, uint8_t *out, size_t len) {
  (void)context, (void)out, (void)len;
  GIVES(LOWKEY_OUT_OF_TURN, lowkey_kk_begin(device));
  GIVES(LOWKEY_OUT_OF_TURN, init());
  GIVES(LOWKEY_OUT_OF_TURN, lowkey_kk_wipe(device));
  return LOWKEY_IO_WOULD_BLOCK;
}

static void calls_from_inside_are_out_of_turn(void) {
  const lowkey_io io = {NULL, nosy_read, no_write};
  lowkey_event event;
  calls_of_random = 0;
  OK(lowkey_kk_init(device, &initiator.page, &initiator.buffers, 4, nosy_random, NULL));
  CHECK(calls_of_random == 0);
  OK(lowkey_kk_begin(device));
  CHECK(calls_of_random == 1);
  open_it();
  it_carries();
  GIVES(LOWKEY_WOULD_BLOCK, lowkey_kk_run(device, &io, &event));
  it_carries();
}

int main(void) {
  make_caller();
  make_pair(&initiator, &responder, true);
  device = device_of(&initiator);
  out_of_turn_before_the_first_beginning();
  begun_again_it_is_a_new_channel();
  begun_again_it_asks_before_it_is_open();
  random_numbers_that_are_always_the_same();
  a_random_source_that_fails();
  calls_from_inside_are_out_of_turn();
  return 0;
}
