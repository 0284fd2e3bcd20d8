/* After a fatal status: the same one from every call, nothing sent, nothing delivered, keys gone. */
#include "calls.h"

static side initiator, responder;
/* Who is told the end, and who tells it; what both can be told is done both ways. */
static side *here = &initiator, *there = &responder;

static void all_give(const channel_call *calls, size_t count, lowkey_channel *channel, lowkey_status status) {
  size_t at;
  for (at = 0; at < count; at++) {
    const lowkey_status given = calls[at].call(channel);
    if (given != status) fprintf(stderr, "%s: %s\n", calls[at].name, lowkey_status_text(given));
    CHECK(given == status);
  }
}

static void every_call_gives(lowkey_channel *channel, lowkey_status status) {
  all_give(QUESTIONS, QUESTION_COUNT, channel, status);
  all_give(ACTS, ACT_COUNT, channel, status);
  all_give(QUESTIONS, QUESTION_COUNT, channel, status);
  CHECK(!lowkey_is_recoverable(status) && !lowkey_is_open(channel));
}

static lowkey_status feed_bytes(lowkey_channel *channel, const char *bytes, size_t len) {
  size_t taken;
  return lowkey_feed(channel, (const uint8_t *)bytes, len, &taken);
}

static void hung_up(void) {
  begin(&initiator, &responder, LOWKEY_KK);
  GIVES(LOWKEY_HUNG_UP, lowkey_feed_end(&initiator.channel));
  every_call_gives(&initiator.channel, LOWKEY_HUNG_UP);
}

static void empty_frame(void) {
  begin(&initiator, &responder, LOWKEY_KK);
  GIVES(LOWKEY_EMPTY_FRAME, feed_bytes(&initiator.channel, "\0\0", 2));
  every_call_gives(&initiator.channel, LOWKEY_EMPTY_FRAME);
}

static void frame_too_long(void) {
  begin(&initiator, &responder, LOWKEY_KK);
  GIVES(LOWKEY_FRAME_TOO_LONG, feed_bytes(&initiator.channel, "\0\xa1", 2));
  every_call_gives(&initiator.channel, LOWKEY_FRAME_TOO_LONG);
}

static void poll_gives(lowkey_channel *channel, lowkey_status status) {
  lowkey_event event = (lowkey_event)77;
  GIVES(status, lowkey_poll(channel, &event));
  CHECK((int)event == 77);
  every_call_gives(channel, status);
}

static void refused(char code, lowkey_status status) {
  const uint8_t *bytes;
  size_t len;
  char frame[3] = {0, 1, 0};
  frame[2] = code;
  begin(&initiator, &responder, LOWKEY_KK);
  OK(lowkey_unsent(&initiator.channel, &bytes, &len));
  OK(lowkey_sent(&initiator.channel, len));
  OK(feed_bytes(&initiator.channel, frame, 3));
  poll_gives(&initiator.channel, status);
}

static void hello(const char *frame, size_t len, lowkey_status status) {
  lowkey_event event;
  begin(&initiator, &responder, LOWKEY_KK);
  OK(feed_bytes(&responder.channel, frame, len));
  if (status == LOWKEY_DECLINED) {
    OK(lowkey_poll(&responder.channel, &event));
    CHECK(event == LOWKEY_EVENT_WRITE);
    OK(move_bytes(&responder, &initiator, BUFFER));
  }
  poll_gives(&responder.channel, status);
}

static void declined(void) {
  lowkey_event event;
  begin(&initiator, &responder, LOWKEY_KK);
  OK(next(&responder, &initiator, BUFFER, &event));
  CHECK(event == LOWKEY_EVENT_HELLO);
  OK(lowkey_refuse(&responder.channel, LOWKEY_REFUSAL_BUSY));
  GIVES(LOWKEY_DECLINED, next(&responder, &initiator, BUFFER, &event));
  every_call_gives(&responder.channel, LOWKEY_DECLINED);
  poll_gives(&initiator.channel, LOWKEY_REFUSED_BUSY);
}

static void turned_away(void) {
  lowkey_event event;
  begin(&initiator, &responder, LOWKEY_KK);
  OK(next(&responder, &initiator, BUFFER, &event));
  OK(lowkey_turn_away(&responder.channel, &responder.pinning));
  GIVES(LOWKEY_HANDSHAKE, next(&responder, &initiator, BUFFER, &event));
  every_call_gives(&responder.channel, LOWKEY_HANDSHAKE);
  poll_gives(&initiator.channel, LOWKEY_REFUSED);
}

static void other_mode(void) {
  lowkey_event event;
  begin(&initiator, &responder, LOWKEY_XX);
  OK(next(&responder, &initiator, BUFFER, &event));
  OK(answer(&responder, LOWKEY_KK));
  GIVES(LOWKEY_HANDSHAKE, next(&responder, &initiator, BUFFER, &event));
  poll_gives(&initiator.channel, LOWKEY_REFUSED);
}

static void not_welcome(void) {
  lowkey_event event;
  begin(&initiator, &responder, LOWKEY_XX);
  OK(next(&responder, &initiator, BUFFER, &event));
  OK(answer(&responder, LOWKEY_XX));
  GIVES(LOWKEY_WOULD_BLOCK, next(&initiator, &responder, BUFFER, &event));
  OK(next(&responder, &initiator, BUFFER, &event));
  CHECK(event == LOWKEY_EVENT_CLAIM);
  OK(lowkey_close(&responder.channel));
  GIVES(LOWKEY_OUT_OF_TURN, lowkey_accept(&responder.channel)); /* it has been judged */
  GIVES(LOWKEY_DECLINED, next(&responder, &initiator, BUFFER, &event));
  every_call_gives(&responder.channel, LOWKEY_DECLINED);
  poll_gives(&initiator.channel, LOWKEY_NOT_WELCOME);
}

static void truncated(void) {
  open_both(&initiator, &responder, LOWKEY_KKPSK0);
  GIVES(LOWKEY_TRUNCATED, lowkey_feed_end(&here->channel));
  every_call_gives(&here->channel, LOWKEY_TRUNCATED);
}

static void close_inside_a_message(void) {
  size_t taken;
  lowkey_event event;
  const uint8_t *data;
  bool is_last;
  open_both(&initiator, &responder, LOWKEY_KKPSK0);
  OK(lowkey_send_part(&there->channel, (const uint8_t *)"ab", 2, false, &taken));
  OK(next(here, there, BUFFER, &event));
  OK(lowkey_take(&here->channel, &data, &taken, &is_last));
  CHECK(taken == 2 && !is_last);
  OK(lowkey_close(&there->channel));
  GIVES(LOWKEY_TRUNCATED, next(here, there, BUFFER, &event));
  every_call_gives(&here->channel, LOWKEY_TRUNCATED);
}

static void forged(void) {
  uint8_t record[2 + 18] = {0, 18};
  open_both(&initiator, &responder, LOWKEY_KKPSK0);
  OK(feed_bytes(&here->channel, (const char *)record, sizeof record));
  poll_gives(&here->channel, LOWKEY_RECORD);
}

static int32_t broken_read(void *context, uint8_t *out, size_t len) {
  (void)context, (void)out, (void)len;
  return -2;
}

static int32_t broken_write(void *context, const uint8_t *bytes, size_t len) {
  (void)context, (void)bytes, (void)len;
  return 0;
}

static void broken_streams(void) {
  const lowkey_io reading = {NULL, broken_read, no_write}, writing = {NULL, broken_read, broken_write};
  lowkey_event event;
  begin(&initiator, &responder, LOWKEY_KKPSK0);
  GIVES(LOWKEY_IO, lowkey_flush(&initiator.channel, &writing));
  every_call_gives(&initiator.channel, LOWKEY_IO);
  GIVES(LOWKEY_IO, lowkey_run(&responder.channel, &reading, &event));
  every_call_gives(&responder.channel, LOWKEY_IO);
  open_both(&initiator, &responder, LOWKEY_KKPSK0);
  GIVES(LOWKEY_IO, lowkey_run(&here->channel, &reading, &event));
  every_call_gives(&here->channel, LOWKEY_IO);
}

static int32_t no_random(void *context, uint8_t *out, size_t len) {
  (void)context, (void)out, (void)len;
  return 1;
}

static void no_entropy(void) {
  static const uint8_t hedge[32] = {1};
  static lowkey_ephemerals failing;
  lowkey_event event;
  OK(lowkey_ephemerals_init(&failing, hedge, 1, no_random, NULL));
  begin(&initiator, &responder, LOWKEY_KKPSK0);
  OK(next(&responder, &initiator, BUFFER, &event));
  GIVES(LOWKEY_ENTROPY, lowkey_answer_kk(&responder.channel, &responder.pinning, &failing));
  every_call_gives(&responder.channel, LOWKEY_ENTROPY);
}

/* Both sides of a pairing have one key: each sees its own. */
static void our_own_key(void) {
  uint8_t bytes[32];
  lowkey_event event;
  memset(bytes, 2, sizeof bytes);
  OK(lowkey_identity_init(&initiator.identity, bytes, NULL));
  begin(&initiator, &responder, LOWKEY_XX);
  OK(next(&responder, &initiator, BUFFER, &event));
  OK(answer(&responder, LOWKEY_XX));
  GIVES(LOWKEY_PEER_KEY, next(&initiator, &responder, BUFFER, &event));
  every_call_gives(&initiator.channel, LOWKEY_PEER_KEY);
}

static void too_short(void) {
  uint8_t record[2 + 16] = {0, 16};
  open_both(&initiator, &responder, LOWKEY_KKPSK0);
  OK(feed_bytes(&here->channel, (const char *)record, sizeof record));
  poll_gives(&here->channel, LOWKEY_FRAME_TOO_SHORT);
}

static void after_close(void) {
  lowkey_event event;
  open_both(&initiator, &responder, LOWKEY_KKPSK0);
  OK(lowkey_close(&there->channel));
  OK(next(here, there, BUFFER, &event));
  CHECK(event == LOWKEY_EVENT_END);
  GIVES(LOWKEY_AFTER_CLOSE, feed_bytes(&here->channel, "x", 1));
  every_call_gives(&here->channel, LOWKEY_AFTER_CLOSE);
}

static void message_too_long(void) {
  lowkey_event event;
  const uint8_t *data;
  size_t len;
  bool is_last;
  here->buffers.max_message = 5;
  open_both(&initiator, &responder, LOWKEY_KKPSK0);
  OK(lowkey_send(&there->channel, (const uint8_t *)"12345", 5));
  OK(next(here, there, BUFFER, &event));
  OK(lowkey_take(&here->channel, &data, &len, &is_last));
  OK(lowkey_send(&there->channel, (const uint8_t *)"123456", 6));
  GIVES(LOWKEY_MESSAGE_TOO_LONG, next(here, there, BUFFER, &event));
  every_call_gives(&here->channel, LOWKEY_MESSAGE_TOO_LONG);
  here->buffers.max_message = 0;
}

/* Nothing of a key is left in a channel that is over and wiped; its storage is zeros. */
static void wiped(void) {
  static const lowkey_channel ZEROS = {{0}};
  open_both(&initiator, &responder, LOWKEY_KKPSK0);
  OK(lowkey_channel_wipe(&initiator.channel));
  CHECK(memcmp(&initiator.channel, &ZEROS, sizeof ZEROS) == 0);
}

static void told_in_a_handshake(void) {
  make_pair(&initiator, &responder, false);
  hung_up();
  empty_frame();
  frame_too_long();
  refused(0, LOWKEY_REFUSED);
  refused(1, LOWKEY_REFUSED_VERSION);
  refused(2, LOWKEY_REFUSED_MODE);
  refused(3, LOWKEY_REFUSED_BUSY);
  refused(4, LOWKEY_REFUSED);
  refused(99, LOWKEY_REFUSED);
  refused((char)255, LOWKEY_REFUSED);
  declined();
  turned_away();
  if (IS_DEVICE) return;
  hello("\0\4\1\1\2x", 6, LOWKEY_HELLO);
  hello("\0\4\2\1\1x", 6, LOWKEY_DECLINED);
  hello("\0\4\1\x09\1x", 6, LOWKEY_DECLINED);
  other_mode();
  not_welcome();
}

static void told_on_an_open_channel(void) {
  truncated();
  close_inside_a_message();
  forged();
  too_short();
  after_close();
  message_too_long();
  broken_streams();
}

int main(void) {
  make_caller();
  told_in_a_handshake();
  make_pair(&initiator, &responder, true);
  told_on_an_open_channel();
  here = &responder, there = &initiator;
  told_on_an_open_channel();
  no_entropy();
  wiped();
  if (!IS_DEVICE) our_own_key();
  return 0;
}
