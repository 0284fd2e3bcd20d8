/* What is not a channel: NULL, a pointer that is not aligned, zeros, garbage, a wiped one, another object, and one that
 * a call is inside of. */
#include "calls.h"

static void all_give(const channel_call *calls, size_t count, lowkey_channel *channel, lowkey_status status) {
  size_t at;
  for (at = 0; at < count; at++) {
    const lowkey_status given = calls[at].call(channel);
    if (given != status) fprintf(stderr, "%s: %s\n", calls[at].name, lowkey_status_text(given));
    CHECK(given == status);
  }
}

static void every_call_gives(lowkey_channel *channel, lowkey_status status) {
  all_give(ACTS, ACT_COUNT, channel, status);
  all_give(QUESTIONS, QUESTION_COUNT, channel, status);
  CHECK(!lowkey_is_open(channel) && !lowkey_is_closed(channel) && !lowkey_awaits_pong(channel));
}

static void *not_aligned(void *object) { return (uint8_t *)object + 1; }

/* Callbacks that try every call on the channel that has called them. */
static lowkey_channel *inside;
static int asked;

static int32_t nosy_read(void *context, uint8_t *out, size_t len) {
  (void)context, (void)out, (void)len;
  every_call_gives(inside, LOWKEY_OUT_OF_TURN);
  all_give(MAKERS, MAKER_COUNT, inside, LOWKEY_OUT_OF_TURN);
  asked++;
  return LOWKEY_IO_WOULD_BLOCK;
}

static int32_t nosy_write(void *context, const uint8_t *bytes, size_t len) {
  (void)bytes;
  nosy_read(context, NULL, 0);
  return (int32_t)len;
}

static void calls_from_inside_are_out_of_turn(void) {
  static side initiator, responder;
  const lowkey_io io = {NULL, nosy_read, nosy_write};
  lowkey_event event;
  make_pair(&initiator, &responder, false);
  begin(&initiator, &responder, LOWKEY_KK);
  inside = &initiator.channel;
  GIVES(LOWKEY_WOULD_BLOCK, lowkey_run(inside, &io, &event));
  CHECK(asked == 2);
  /* And it goes on after that. */
  OK(lowkey_poll(inside, &event));
  CHECK(event == LOWKEY_EVENT_READ);
}

/* A random callback that tries the objects of the call it is called from. */
static side *drawing;

static int32_t nosy_random(void *context, uint8_t *out, size_t len) {
  side *s = drawing;
  (void)context;
  GIVES(LOWKEY_OUT_OF_TURN, lowkey_ephemerals_wipe(&s->ephemerals));
  GIVES(LOWKEY_OUT_OF_TURN, lowkey_ephemerals_init(&s->ephemerals, out, 1, nosy_random, NULL));
  GIVES(LOWKEY_OUT_OF_TURN, lowkey_kk_initiator(&s->channel, &s->buffers, &s->pinning, &s->ephemerals));
  GIVES(LOWKEY_OUT_OF_TURN, lowkey_channel_wipe(&s->channel));
  GIVES(LOWKEY_OUT_OF_TURN, lowkey_send(&s->channel, NULL, 0));
  memset(out, 7, len);
  return 0;
}

static void drawing_from_inside_is_out_of_turn(void) {
  static side initiator, responder;
  const uint8_t hedge[32] = {1};
  make_pair(&initiator, &responder, false);
  drawing = &initiator;
  OK(lowkey_ephemerals_init(&initiator.ephemerals, hedge, 1, nosy_random, NULL));
  OK(lowkey_kk_initiator(&initiator.channel, &initiator.buffers, &initiator.pinning, &initiator.ephemerals));
}

int main(void) {
  static lowkey_channel channel;
  static lowkey_channel two[2];
  make_caller();
  every_call_gives(NULL, LOWKEY_NULL);
  all_give(MAKERS, MAKER_COUNT, NULL, LOWKEY_NULL);
  every_call_gives((lowkey_channel *)not_aligned(two), LOWKEY_NULL);
  all_give(MAKERS, MAKER_COUNT, (lowkey_channel *)not_aligned(two), LOWKEY_NULL);
  every_call_gives(&channel, LOWKEY_NOT_INITIALISED);
  memset(&channel, 0xa7, sizeof channel);
  every_call_gives(&channel, LOWKEY_NOT_INITIALISED);
  OK(lowkey_responder(&channel, &CALLER.buffers));
  OK(lowkey_channel_wipe(&channel));
  every_call_gives(&channel, LOWKEY_NOT_INITIALISED);
  OK(lowkey_channel_wipe(&channel));
  /* Another kind of object, in storage that is large enough. */
  OK(lowkey_identity_init((lowkey_identity *)(void *)&channel, CALLER.public_key, NULL));
  every_call_gives(&channel, LOWKEY_NOT_INITIALISED);
  calls_from_inside_are_out_of_turn();
  drawing_from_inside_is_out_of_turn();
  return 0;
}
