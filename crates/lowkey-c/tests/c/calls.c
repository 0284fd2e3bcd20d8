/* Every function on a channel, called rightly but for the channel. */
#include "calls.h"

side CALLER;
static side other;
static lowkey_buffers spare;
static uint8_t spare_incoming[LOWKEY_MIN_INCOMING], spare_outgoing[LOWKEY_MIN_OUTGOING];

void make_caller(void) {
  make_pair(&CALLER, &other, true);
  spare.incoming = spare_incoming;
  spare.incoming_len = sizeof spare_incoming;
  spare.outgoing = spare_outgoing;
  spare.outgoing_len = sizeof spare_outgoing;
}

/* An output that nobody may touch unless the call went well. */
#define FILL 0x5a

static void fill(void *output, size_t len) { memset(output, FILL, len); }

static lowkey_status untouched(lowkey_status status, const void *output, size_t len) {
  const uint8_t *bytes = (const uint8_t *)output;
  size_t at;
  for (at = 0; status != LOWKEY_OK && at < len; at++) CHECK(bytes[at] == FILL);
  return status;
}

#define WITH_OUTPUT(type, name, call)                   \
  type name;                                            \
  fill(&name, sizeof name);                             \
  return untouched(call, &name, sizeof name)

#define WITH_OUTPUTS(type, name, len, call)             \
  type name;                                            \
  size_t len;                                           \
  fill(&name, sizeof name);                             \
  fill(&len, sizeof len);                               \
  return untouched(untouched(call, &name, sizeof name), &len, sizeof len)

static const lowkey_io IO = {NULL, no_read, no_write};

static lowkey_status poll(lowkey_channel *c) { WITH_OUTPUT(lowkey_event, event, lowkey_poll(c, &event)); }
static lowkey_status feed(lowkey_channel *c) {
  const uint8_t byte = 0;
  WITH_OUTPUT(size_t, taken, lowkey_feed(c, &byte, 1, &taken));
}
static lowkey_status feed_none(lowkey_channel *c) { WITH_OUTPUT(size_t, taken, lowkey_feed(c, NULL, 0, &taken)); }
static lowkey_status feed_end(lowkey_channel *c) { return lowkey_feed_end(c); }
static lowkey_status space(lowkey_channel *c) { WITH_OUTPUTS(uint8_t *, at, len, lowkey_space(c, &at, &len)); }
static lowkey_status filled(lowkey_channel *c) { return lowkey_filled(c, 1); }
static lowkey_status filled_none(lowkey_channel *c) { return lowkey_filled(c, 0); }
static lowkey_status unsent(lowkey_channel *c) {
  WITH_OUTPUTS(const uint8_t *, at, len, lowkey_unsent(c, &at, &len));
}
static lowkey_status sent(lowkey_channel *c) { return lowkey_sent(c, 0); }
static lowkey_status take(lowkey_channel *c) {
  bool is_last = false;
  WITH_OUTPUTS(const uint8_t *, at, len, lowkey_take(c, &at, &len, &is_last));
}
static lowkey_status send(lowkey_channel *c) { return lowkey_send(c, (const uint8_t *)"x", 1); }
static lowkey_status send_part(lowkey_channel *c) {
  WITH_OUTPUT(size_t, taken, lowkey_send_part(c, (const uint8_t *)"x", 1, false, &taken));
}
static lowkey_status send_no_part(lowkey_channel *c) {
  WITH_OUTPUT(size_t, taken, lowkey_send_part(c, NULL, 0, false, &taken));
}
static lowkey_status ping(lowkey_channel *c) { return lowkey_ping(c, (const uint8_t *)"x", 1); }
static lowkey_status close_it(lowkey_channel *c) { return lowkey_close(c); }
static lowkey_status run(lowkey_channel *c) { WITH_OUTPUT(lowkey_event, event, lowkey_run(c, &IO, &event)); }
static lowkey_status flush(lowkey_channel *c) { return lowkey_flush(c, &IO); }
static lowkey_status finish(lowkey_channel *c) { return lowkey_finish(c, &IO); }
static lowkey_status send_message(lowkey_channel *c) {
  size_t done = 0;
  const lowkey_status status = lowkey_send_message(c, &IO, (const uint8_t *)"x", 1, &done);
  CHECK(status == LOWKEY_OK || done == 0);
  return status;
}
static lowkey_status send_rest(lowkey_channel *c) {
  size_t done = 1;
  const lowkey_status status = lowkey_send_message(c, &IO, (const uint8_t *)"xy", 2, &done);
  CHECK(status != LOWKEY_OK && done == 1);
  return status;
}
static lowkey_status recv_message(lowkey_channel *c) {
  uint8_t message[8];
  bool is_end = false;
  WITH_OUTPUT(size_t, len, lowkey_recv_message(c, &IO, message, sizeof message, &len, &is_end));
}

#ifndef DEVICE
static lowkey_status answer_kk(lowkey_channel *c) {
  return lowkey_answer_kk(c, &CALLER.pinning, &CALLER.ephemerals);
}
static lowkey_status answer_xx(lowkey_channel *c) {
  return lowkey_answer_xx(c, &CALLER.identity, &CALLER.psk, &CALLER.ephemerals);
}
static lowkey_status turn_away(lowkey_channel *c) { return lowkey_turn_away(c, &CALLER.pinning); }
static lowkey_status refuse(lowkey_channel *c) { return lowkey_refuse(c, LOWKEY_REFUSAL_BUSY); }
static lowkey_status accept(lowkey_channel *c) { return lowkey_accept(c); }
#endif

typedef struct key { uint8_t bytes[32]; } key;
#ifndef DEVICE
static lowkey_status hello_read(lowkey_channel *c) { WITH_OUTPUT(lowkey_hello, hello, lowkey_hello_read(c, &hello)); }
static lowkey_status peer_key(lowkey_channel *c) { WITH_OUTPUT(key, out, lowkey_peer_key(c, out.bytes)); }
#endif
static lowkey_status handshake_hash(lowkey_channel *c) { WITH_OUTPUT(key, out, lowkey_handshake_hash(c, out.bytes)); }
static lowkey_status max_data(lowkey_channel *c) { WITH_OUTPUT(size_t, len, lowkey_max_data(c, &len)); }

#ifdef DEVICE
static lowkey_status init(lowkey_channel *c) {
  return lowkey_kk_init((lowkey_kk *)(void *)c, &CALLER.page, &spare, 1, lowkey_seed_random, &CALLER.seed);
}
#else
static lowkey_status kk_initiator(lowkey_channel *c) {
  return lowkey_kk_initiator(c, &spare, &CALLER.pinning, &CALLER.ephemerals);
}
static lowkey_status xx_initiator(lowkey_channel *c) {
  return lowkey_xx_initiator(c, &spare, &CALLER.identity, NULL, NULL, 0, &CALLER.ephemerals);
}
static lowkey_status responder(lowkey_channel *c) { return lowkey_responder(c, &spare); }
#endif
static lowkey_status wipe(lowkey_channel *c) { return lowkey_channel_wipe(c); }

#define CALL(function) {#function, function}
#define COUNT(table) (sizeof(table) / sizeof(table)[0])

const channel_call ACTS[] = {
    CALL(poll),         CALL(feed),   CALL(feed_none), CALL(feed_end), CALL(space), CALL(filled),
    CALL(filled_none),  CALL(unsent), CALL(sent),      CALL(take),     CALL(send),  CALL(send_part),
    CALL(send_no_part), CALL(ping),   CALL(close_it),  CALL(run),      CALL(flush), CALL(finish),
    CALL(send_message), CALL(send_rest), CALL(recv_message),
#ifndef DEVICE
    CALL(answer_kk),    CALL(answer_xx), CALL(turn_away), CALL(refuse), CALL(accept),
#endif
};
const size_t ACT_COUNT = COUNT(ACTS);
const channel_call QUESTIONS[] = {
    CALL(handshake_hash), CALL(max_data),
#ifndef DEVICE
    CALL(hello_read),     CALL(peer_key),
#endif
};
const size_t QUESTION_COUNT = COUNT(QUESTIONS);
const channel_call MAKERS[] = {
#ifdef DEVICE
    CALL(init),
#else
    CALL(kk_initiator), CALL(xx_initiator), CALL(responder),
#endif
    CALL(wipe),
};
const size_t MAKER_COUNT = COUNT(MAKERS);
