/* Every kind of object after it was copied: the copy is none, wherever it lies, and the original is as it was. */
#include "calls.h"

static side initiator, responder;

/* A copy of each kind of object, beside another object of the same kind: both places have held one before. */
static lowkey_identity identity;
static lowkey_peer peer;
static lowkey_psk psk;
static lowkey_seed seed;
static lowkey_ephemerals ephemerals;
static lowkey_backoff backoff, made_backoff;
static lowkey_channel channel;

static const uint8_t KEY[32] = {7};

static int32_t no_random(void *context, uint8_t *out, size_t len) {
  (void)context, (void)out, (void)len;
  return 1;
}

static lowkey_status begin_with(const lowkey_pinning *pinning, lowkey_ephemerals *with) {
  lowkey_channel begun;
  memset(&begun, 0, sizeof begun);
  return lowkey_kk_initiator(&begun, &CALLER.buffers, pinning, with);
}

static void every_call_gives(lowkey_channel *of, lowkey_status status) {
  size_t at;
  for (at = 0; at < ACT_COUNT; at++) GIVES(status, ACTS[at].call(of));
  for (at = 0; at < QUESTION_COUNT; at++) GIVES(status, QUESTIONS[at].call(of));
  CHECK(!lowkey_is_open(of) && !lowkey_is_closed(of) && !lowkey_awaits_pong(of));
}

/* What each kind of object can be asked for. */
static void all_copies_give_a_status(void) {
  lowkey_pinning wrong;
  uint8_t out[32];
  uint32_t pause;
  GIVES(LOWKEY_NOT_INITIALISED, lowkey_identity_public_key(&identity, out));
  GIVES(LOWKEY_NOT_INITIALISED, lowkey_peer_init(&CALLER.peer, &identity, responder.public_key, NULL));
  GIVES(LOWKEY_NOT_INITIALISED, lowkey_peer_shared(&peer, out));
  GIVES(LOWKEY_NOT_INITIALISED, lowkey_seed_stir(&seed, KEY, 32));
  GIVES(LOWKEY_NOT_INITIALISED, lowkey_seed_random(&seed, out, 32));
  GIVES(LOWKEY_NOT_INITIALISED, lowkey_backoff_failed(&backoff, LOWKEY_HUNG_UP, 1, &pause));
  GIVES(LOWKEY_NOT_INITIALISED, lowkey_backoff_ended(&backoff, 1, 1, 1, &pause));
  wrong = CALLER.pinning, wrong.identity = &identity;
  GIVES(LOWKEY_NOT_INITIALISED, begin_with(&wrong, &CALLER.ephemerals));
  wrong = CALLER.pinning, wrong.peer = &peer;
  GIVES(LOWKEY_NOT_INITIALISED, begin_with(&wrong, &CALLER.ephemerals));
  wrong = CALLER.pinning, wrong.psk = &psk;
  GIVES(LOWKEY_NOT_INITIALISED, begin_with(&wrong, &CALLER.ephemerals));
  GIVES(LOWKEY_NOT_INITIALISED, begin_with(&CALLER.pinning, &ephemerals));
  every_call_gives(&channel, LOWKEY_NOT_INITIALISED);
}

static void copy_all(void) {
  identity = initiator.identity;
  peer = initiator.peer;
  psk = initiator.psk;
  seed = initiator.seed;
  ephemerals = initiator.ephemerals;
  backoff = made_backoff;
  channel = initiator.channel;
}

/* For what was copied nothing changes. */
static void the_originals_go_on(void) {
  uint32_t pause;
  lowkey_event event;
  const uint8_t *data;
  size_t len;
  bool is_last;
  OK(lowkey_backoff_failed(&made_backoff, LOWKEY_HUNG_UP, 1, &pause));
  OK(lowkey_seed_stir(&initiator.seed, KEY, 32));
  OK(lowkey_send(&initiator.channel, KEY, 5));
  OK(next(&responder, &initiator, BUFFER, &event));
  OK(lowkey_take(&responder.channel, &data, &len, &is_last));
  CHECK(len == 5 && is_last && memcmp(data, KEY, 5) == 0);
}

/* A copy that was made while a call was inside the object: it is none, and its place is not lost. */
static int32_t copying_read(void *context, uint8_t *out, size_t len) {
  (void)context, (void)out, (void)len;
  channel = initiator.channel;
  return LOWKEY_IO_WOULD_BLOCK;
}

static void a_copy_from_inside(void) {
  const lowkey_io io = {NULL, copying_read, no_write};
  lowkey_event event;
  GIVES(LOWKEY_WOULD_BLOCK, lowkey_run(&initiator.channel, &io, &event));
  every_call_gives(&channel, LOWKEY_NOT_INITIALISED);
  OK(lowkey_channel_wipe(&channel));
}

/* A part of the stack held an object, then something else: a new one is made there, whatever its front says. */
static void a_front_over_garbage(void) {
  static side other;
  make_pair(&other, &responder, true);
  begin(&other, &responder, LOWKEY_KKPSK0);
#define SPOIL(object) memset((uint8_t *)&(object) + 8, 0xa7, sizeof(object) - 8)
  SPOIL(other.identity), SPOIL(other.peer), SPOIL(other.psk);
  SPOIL(other.seed), SPOIL(other.ephemerals), SPOIL(other.channel);
  OK(lowkey_responder(&other.channel, &other.buffers));
  SPOIL(other.channel);
  OK(lowkey_channel_wipe(&other.channel));
  OK(lowkey_identity_init(&other.identity, KEY, NULL));
  OK(lowkey_peer_init(&other.peer, &other.identity, CALLER.public_key, NULL));
  OK(lowkey_psk_init(&other.psk, KEY));
  OK(lowkey_seed_init(&other.seed, KEY));
  OK(lowkey_ephemerals_init(&other.ephemerals, KEY, 1, no_random, NULL));
}

int main(void) {
  make_caller();
  make_pair(&initiator, &responder, true);
  OK(lowkey_backoff_init(&made_backoff, 500, 30000));
  open_both(&initiator, &responder, LOWKEY_KKPSK0);
  copy_all();
  all_copies_give_a_status();
  /* And where another object of the kind was. */
  OK(lowkey_identity_init(&identity, KEY, NULL));
  OK(lowkey_peer_init(&peer, &identity, initiator.public_key, NULL));
  OK(lowkey_psk_init(&psk, KEY));
  OK(lowkey_seed_init(&seed, KEY));
  OK(lowkey_ephemerals_init(&ephemerals, KEY, 1, no_random, NULL));
  OK(lowkey_backoff_init(&backoff, 500, 30000));
  OK(lowkey_responder(&channel, &CALLER.buffers));
  copy_all();
  all_copies_give_a_status();
  the_originals_go_on();
  a_copy_from_inside();
  the_originals_go_on();
  a_front_over_garbage();
  return 0;
}
