/* Beginning and answering: every argument that can be wrong, and what is left then. */
#include "side.h"

static side initiator, responder;
static lowkey_channel zeros, before;

static int32_t no_random(void *context, uint8_t *to, size_t len) {
  (void)context, (void)to, (void)len;
  return -1;
}

static lowkey_status kk(const lowkey_buffers *buffers, const lowkey_pinning *pinning) {
  return lowkey_kk_initiator(&initiator.channel, buffers, pinning, &initiator.ephemerals);
}

static lowkey_status xx(const lowkey_psk *psk, const uint8_t *id, size_t id_len) {
  return lowkey_xx_initiator(&initiator.channel, &initiator.buffers, &initiator.identity, psk, id, id_len,
                             &initiator.ephemerals);
}

static void buffers_that_are_wrong(void) {
  lowkey_buffers wrong;
  GIVES(LOWKEY_NULL, kk(NULL, &initiator.pinning));
  GIVES(LOWKEY_NULL, lowkey_responder(&initiator.channel, NULL));
  wrong = initiator.buffers, wrong.incoming = NULL;
  GIVES(LOWKEY_NULL, kk(&wrong, &initiator.pinning));
  GIVES(LOWKEY_NULL, lowkey_responder(&initiator.channel, &wrong));
  wrong = initiator.buffers, wrong.outgoing = NULL;
  GIVES(LOWKEY_NULL, kk(&wrong, &initiator.pinning));
  wrong = initiator.buffers, wrong.incoming_len = LOWKEY_MIN_INCOMING - 1;
  GIVES(LOWKEY_BUFFER_TOO_SMALL, kk(&wrong, &initiator.pinning));
  GIVES(LOWKEY_BUFFER_TOO_SMALL, lowkey_responder(&initiator.channel, &wrong));
  wrong = initiator.buffers, wrong.outgoing_len = LOWKEY_MIN_OUTGOING - 1;
  GIVES(LOWKEY_BUFFER_TOO_SMALL, kk(&wrong, &initiator.pinning));
  wrong = initiator.buffers, wrong.outgoing_len = SIZE_MAX;
  GIVES(LOWKEY_LENGTH, kk(&wrong, &initiator.pinning));
  wrong = initiator.buffers, wrong.incoming_len = SIZE_MAX;
  GIVES(LOWKEY_LENGTH, kk(&wrong, &initiator.pinning));
}

/* Each wrong pinning, as `use` uses it. */
static void pinnings_that_are_wrong(lowkey_status (*use)(const lowkey_pinning *), const lowkey_pinning *right) {
  static lowkey_identity no_identity;
  static lowkey_peer no_peer;
  static lowkey_psk no_psk;
  static const uint8_t long_id[33] = {1};
  lowkey_pinning wrong;
  GIVES(LOWKEY_NULL, use(NULL));
  wrong = *right, wrong.identity = NULL;
  GIVES(LOWKEY_NULL, use(&wrong));
  wrong = *right, wrong.peer = NULL;
  GIVES(LOWKEY_NULL, use(&wrong));
  wrong = *right, wrong.id = NULL;
  GIVES(LOWKEY_NULL, use(&wrong));
  wrong = *right, wrong.identity = &no_identity;
  GIVES(LOWKEY_NOT_INITIALISED, use(&wrong));
  wrong = *right, wrong.peer = &no_peer;
  GIVES(LOWKEY_NOT_INITIALISED, use(&wrong));
  wrong = *right, wrong.psk = &no_psk;
  GIVES(LOWKEY_NOT_INITIALISED, use(&wrong));
  wrong = *right, wrong.id_len = 0;
  GIVES(LOWKEY_LENGTH, use(&wrong));
  wrong = *right, wrong.id = long_id, wrong.id_len = 33;
  GIVES(LOWKEY_LENGTH, use(&wrong));
  wrong = *right, wrong.id_len = SIZE_MAX;
  GIVES(LOWKEY_LENGTH, use(&wrong));
}

static lowkey_status begin_kk(const lowkey_pinning *pinning) { return kk(&initiator.buffers, pinning); }

static lowkey_status answer_kk(const lowkey_pinning *pinning) {
  return lowkey_answer_kk(&responder.channel, pinning, &responder.ephemerals);
}

static lowkey_status turn_away(const lowkey_pinning *decoy) { return lowkey_turn_away(&responder.channel, decoy); }

static void arguments_of_xx(void) {
  static lowkey_psk no_psk;
  static lowkey_identity no_identity;
  static const uint8_t long_id[33] = {1};
  GIVES(LOWKEY_LENGTH, xx(&initiator.psk, NULL, 0));
  GIVES(LOWKEY_LENGTH, xx(NULL, long_id, 33));
  GIVES(LOWKEY_NULL, xx(NULL, NULL, 1));
  GIVES(LOWKEY_NOT_INITIALISED, xx(&no_psk, long_id, 32));
  GIVES(LOWKEY_NULL, lowkey_xx_initiator(&initiator.channel, &initiator.buffers, NULL, NULL, NULL, 0, NULL));
  GIVES(LOWKEY_NULL, lowkey_xx_initiator(&initiator.channel, &initiator.buffers, &initiator.identity, NULL, NULL, 0,
                                         NULL));
  GIVES(LOWKEY_NOT_INITIALISED, lowkey_xx_initiator(&initiator.channel, &initiator.buffers, &no_identity, NULL, NULL,
                                                    0, &initiator.ephemerals));
}

static void ephemerals_that_are_wrong(void) {
  static lowkey_ephemerals none;
  static const uint8_t hedge[32] = {1};
  static lowkey_ephemerals failing;
  GIVES(LOWKEY_NULL, lowkey_kk_initiator(&initiator.channel, &initiator.buffers, &initiator.pinning, NULL));
  GIVES(LOWKEY_NOT_INITIALISED,
        lowkey_kk_initiator(&initiator.channel, &initiator.buffers, &initiator.pinning, &none));
  CHECK(memcmp(&initiator.channel, &before, sizeof before) == 0);
  /* A random source that fails: there is no channel. */
  OK(lowkey_ephemerals_init(&failing, hedge, 1, no_random, NULL));
  GIVES(LOWKEY_ENTROPY, lowkey_kk_initiator(&initiator.channel, &initiator.buffers, &initiator.pinning, &failing));
  CHECK(memcmp(&initiator.channel, &zeros, sizeof zeros) == 0);
  GIVES(LOWKEY_ENTROPY, lowkey_xx_initiator(&initiator.channel, &initiator.buffers, &initiator.identity, NULL, NULL,
                                            0, &failing));
  CHECK(memcmp(&initiator.channel, &zeros, sizeof zeros) == 0);
}

static void wait_for_hello(lowkey_mode mode) {
  lowkey_event event;
  begin(&initiator, &responder, mode);
  OK(next(&responder, &initiator, BUFFER, &event));
  CHECK(event == LOWKEY_EVENT_HELLO);
}

static void answers(void) {
  static lowkey_ephemerals none;
  static lowkey_identity no_identity;
  static const uint8_t hedge[32] = {1};
  static lowkey_ephemerals failing;
  lowkey_hello hello;
  wait_for_hello(LOWKEY_KKPSK0);
  OK(lowkey_hello_read(&responder.channel, &hello));
  CHECK(hello.mode == LOWKEY_KKPSK0 && hello.id_len == 8 && memcmp(hello.id, responder.id, 8) == 0);
  pinnings_that_are_wrong(answer_kk, &responder.pinning);
  pinnings_that_are_wrong(turn_away, &responder.pinning);
  GIVES(LOWKEY_LENGTH, lowkey_refuse(&responder.channel, (lowkey_refusal)1));
  GIVES(LOWKEY_LENGTH, lowkey_refuse(&responder.channel, (lowkey_refusal)5));
  GIVES(LOWKEY_LENGTH, lowkey_refuse(&responder.channel, (lowkey_refusal)-1));
  GIVES(LOWKEY_NULL, lowkey_hello_read(&responder.channel, NULL));
  GIVES(LOWKEY_NULL, lowkey_answer_kk(&responder.channel, &responder.pinning, NULL));
  GIVES(LOWKEY_NOT_INITIALISED, lowkey_answer_kk(&responder.channel, &responder.pinning, &none));
  GIVES(LOWKEY_NULL, lowkey_answer_xx(&responder.channel, NULL, NULL, &responder.ephemerals));
  GIVES(LOWKEY_NOT_INITIALISED, lowkey_answer_xx(&responder.channel, &no_identity, NULL, &responder.ephemerals));
  GIVES(LOWKEY_NULL, lowkey_answer_xx(&responder.channel, &responder.identity, NULL, NULL));
  GIVES(LOWKEY_OUT_OF_TURN, lowkey_accept(&responder.channel));
  GIVES(LOWKEY_NOT_OPEN, lowkey_close(&responder.channel));
  /* The hello still waits. */
  OK(answer(&responder, LOWKEY_KKPSK0));
  GIVES(LOWKEY_OUT_OF_TURN, answer(&responder, LOWKEY_KKPSK0));
  GIVES(LOWKEY_OUT_OF_TURN, answer(&responder, LOWKEY_XX));
  GIVES(LOWKEY_OUT_OF_TURN, lowkey_refuse(&responder.channel, LOWKEY_REFUSAL_BUSY));
  GIVES(LOWKEY_OUT_OF_TURN, lowkey_turn_away(&responder.channel, &responder.pinning));
  GIVES(LOWKEY_OUT_OF_TURN, lowkey_hello_read(&responder.channel, &hello));
  /* A random source that fails ends the channel. */
  OK(lowkey_ephemerals_init(&failing, hedge, 1, no_random, NULL));
  wait_for_hello(LOWKEY_KKPSK0);
  GIVES(LOWKEY_ENTROPY, lowkey_answer_kk(&responder.channel, &responder.pinning, &failing));
  GIVES(LOWKEY_ENTROPY, answer(&responder, LOWKEY_KKPSK0));
  wait_for_hello(LOWKEY_XX);
  OK(lowkey_hello_read(&responder.channel, &hello));
  CHECK(hello.mode == LOWKEY_XX && hello.id_len == 0);
  GIVES(LOWKEY_ENTROPY, lowkey_answer_xx(&responder.channel, &responder.identity, NULL, &failing));
  GIVES(LOWKEY_ENTROPY, lowkey_feed_end(&responder.channel));
}

int main(void) {
  make_pair(&initiator, &responder, true);
  buffers_that_are_wrong();
  pinnings_that_are_wrong(begin_kk, &initiator.pinning);
  arguments_of_xx();
  CHECK(memcmp(&initiator.channel, &zeros, sizeof zeros) == 0);
  /* A channel that is there stays as it was when another cannot be begun in its place. */
  OK(kk(&initiator.buffers, &initiator.pinning));
  before = initiator.channel;
  buffers_that_are_wrong();
  pinnings_that_are_wrong(begin_kk, &initiator.pinning);
  arguments_of_xx();
  CHECK(memcmp(&initiator.channel, &before, sizeof before) == 0);
  ephemerals_that_are_wrong();
  answers();
  return 0;
}
