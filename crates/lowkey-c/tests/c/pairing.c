/* Pairing from C to C: both roles, by feeding bytes and by callbacks; what the stores have when it ends in between; and
 * every way to call it wrongly. */
#include "wire.h"

static const uint8_t CODE[16] = {0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7,
                                 0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf};
static const char TEXT[] = "uCQ2-FI5E-UWTK PKFJ-VKV2-ZLNO-V4";
static const uint8_t NAME[8] = {0x85, 0xb5, 0x62, 0xd5, 0x35, 0xd4, 0x74, 0x72};

/* What a store has. */
typedef struct pins {
  uint8_t key[32], shared[32];
  bool is_pending, is_final, is_full;
  unsigned stored, finalised, removed;
  lowkey_pairing *calls_back; /* a callback tries to */
} pins;

static int32_t store(void *context, const uint8_t *key, const uint8_t *shared, const uint8_t *code) {
  pins *here = (pins *)context;
  CHECK(memcmp(code, NAME, 8) == 0);
  if (here->calls_back != NULL) GIVES(LOWKEY_OUT_OF_TURN, lowkey_pairing_wipe(here->calls_back));
  here->stored++;
  if (here->is_full) return 1;
  memcpy(here->key, key, 32);
  memcpy(here->shared, shared, 32);
  here->is_pending = true;
  return 0;
}

static void finalise(void *context, const uint8_t *key, const uint8_t *code) {
  pins *here = (pins *)context;
  CHECK(here->is_pending && memcmp(key, here->key, 32) == 0 && memcmp(code, NAME, 8) == 0);
  here->finalised++;
  here->is_pending = false;
  here->is_final = true;
}

static void forget(void *context, const uint8_t *key, const uint8_t *code) {
  pins *here = (pins *)context;
  CHECK(here->is_pending && memcmp(key, here->key, 32) == 0 && memcmp(code, NAME, 8) == 0);
  here->removed++;
  here->is_pending = false;
}

static const lowkey_io NO_STREAM = {NULL, no_read, no_write};
static side device, server;
static lowkey_pairing at_device, at_server;
static pins device_pins, server_pins;
static lowkey_pin_store device_store = {&device_pins, store, finalise, forget};
static lowkey_pin_store server_store = {&server_pins, store, finalise, forget};

/* Both have the code, and nothing of each other. */
static void begin_pairing(void) {
  uint8_t name[8];
  memset(&device_pins, 0, sizeof device_pins);
  memset(&server_pins, 0, sizeof server_pins);
  make_pair(&device, &server, false);
  OK(lowkey_code_psk(&device.psk, CODE, sizeof CODE, name));
  CHECK(memcmp(name, NAME, 8) == 0);
  OK(lowkey_code_text_psk(&server.psk, (const uint8_t *)TEXT, sizeof TEXT - 1, name));
  CHECK(memcmp(name, NAME, 8) == 0);
  OK(lowkey_pairing_init(&at_device, &device.identity, &device.psk, NAME, &device_store));
  OK(lowkey_pairing_init(&at_server, &server.identity, &server.psk, NAME, &server_store));
  OK(lowkey_pairing_initiator(&at_device, &device.channel, &device.buffers, &device.ephemerals));
  OK(lowkey_pairing_responder(&at_server, &server.channel, &server.buffers));
}

/* One side goes on until bytes have to come, as the loop at the top of lowkey.h; `frames` may leave in all. */
static lowkey_status go_on(lowkey_pairing *pairing, side *here, side *there, unsigned *frames, lowkey_event *event) {
  lowkey_status status;
  while ((status = lowkey_pairing_poll(pairing, &here->channel, &here->ephemerals, event)) == LOWKEY_OK) {
    const uint8_t *bytes;
    size_t len, taken;
    if (*event != LOWKEY_EVENT_WRITE) return LOWKEY_OK;
    OK(lowkey_unsent(&here->channel, &bytes, &len));
    if (*frames > 0) {
      --*frames;
      TRY(lowkey_feed(&there->channel, bytes, len, &taken));
    }
    OK(lowkey_sent(&here->channel, len));
  }
  return status;
}

/* Pairs; so many frames arrive, then the stream ends. How it ended for both. */
static void pair(unsigned frames, lowkey_status *ours, lowkey_status *theirs) {
  lowkey_event event = LOWKEY_EVENT_READ, other = LOWKEY_EVENT_READ;
  int rounds;
  *ours = *theirs = LOWKEY_OK;
  for (rounds = 0; rounds < 8; rounds++) {
    if (*ours == LOWKEY_OK && event == LOWKEY_EVENT_READ) {
      *ours = go_on(&at_device, &device, &server, &frames, &event);
    }
    if (*theirs == LOWKEY_OK && other == LOWKEY_EVENT_READ) {
      *theirs = go_on(&at_server, &server, &device, &frames, &other);
    }
  }
  if (*ours == LOWKEY_OK && event != LOWKEY_EVENT_END) {
    TRY(lowkey_feed_end(&device.channel));
    *ours = go_on(&at_device, &device, &server, &frames, &event);
  }
  if (*theirs == LOWKEY_OK && other != LOWKEY_EVENT_END) {
    TRY(lowkey_feed_end(&server.channel));
    *theirs = go_on(&at_server, &server, &device, &frames, &other);
  }
}

/* KK with what the stores have. */
static void connect(void) {
  uint8_t id[8];
  CHECK(memcmp(device_pins.key, server.public_key, 32) == 0 && memcmp(server_pins.key, device.public_key, 32) == 0);
  OK(lowkey_peer_init(&device.peer, &device.identity, device_pins.key, device_pins.shared));
  OK(lowkey_peer_init(&server.peer, &server.identity, server_pins.key, server_pins.shared));
  OK(lowkey_pinning_id(device.public_key, device_pins.key, id));
  memcpy(device.id, id, 8);
  OK(lowkey_pinning_id(server_pins.key, server.public_key, id));
  memcpy(server.id, id, 8);
  open_both(&device, &server, LOWKEY_KK);
  say(&device, &server, "21.5 C");
}

static void pairs_by_feeding_bytes(void) {
  lowkey_status ours, theirs;
  begin_pairing();
  pair(100, &ours, &theirs);
  OK(ours);
  OK(theirs);
  CHECK(device_pins.is_final && device_pins.stored == 1 && device_pins.finalised == 1 && device_pins.removed == 0);
  CHECK(server_pins.is_final && server_pins.stored == 1 && server_pins.finalised == 1 && server_pins.removed == 0);
  GIVES(LOWKEY_OUT_OF_TURN, lowkey_pairing_run(&at_device, &device.channel, &NO_STREAM, NULL));
  connect();
}

/* By the last frame that arrives: what both have, and that nothing is removed by a cut. */
static void a_cut_at_every_frame_leaves_what_the_protocol_says(void) {
  unsigned frames;
  for (frames = 0; frames <= 7; frames++) {
    lowkey_status ours, theirs;
    begin_pairing();
    pair(frames, &ours, &theirs);
    CHECK(device_pins.is_final == (frames >= 4) && !device_pins.is_pending);
    CHECK(server_pins.is_final == (frames >= 5) && server_pins.is_pending == (frames == 3 || frames == 4));
    CHECK((ours == LOWKEY_OK) == device_pins.is_final && (theirs == LOWKEY_OK) == server_pins.is_final);
    CHECK(device_pins.removed == 0 && server_pins.removed == 0);
    if (frames >= 4) connect();
  }
}

static void a_store_that_is_full_refuses_the_peer(void) {
  lowkey_status ours, theirs;
  begin_pairing();
  server_pins.is_full = true;
  pair(100, &ours, &theirs);
  CHECK(ours == LOWKEY_NOT_WELCOME && theirs == LOWKEY_DECLINED);
  CHECK(device_pins.stored == 0 && !server_pins.is_pending);

  begin_pairing();
  device_pins.is_full = true;
  pair(100, &ours, &theirs);
  CHECK(ours == LOWKEY_DECLINED && theirs == LOWKEY_NOT_WELCOME);
  CHECK(server_pins.stored == 1 && server_pins.removed == 1 && !server_pins.is_pending);
}

/* The same first frame twice, in one window. */
static void a_recording_is_refused(void) {
  static uint8_t first[BUFFER];
  const uint8_t *bytes;
  size_t len, taken;
  lowkey_event event;
  begin_pairing();
  OK(lowkey_unsent(&device.channel, &bytes, &len));
  memcpy(first, bytes, len);
  OK(lowkey_feed(&server.channel, first, len, &taken));
  OK(lowkey_pairing_poll(&at_server, &server.channel, &server.ephemerals, &event));
  CHECK(event == LOWKEY_EVENT_WRITE);
  OK(lowkey_channel_wipe(&server.channel));
  OK(lowkey_pairing_responder(&at_server, &server.channel, &server.buffers));
  OK(lowkey_feed(&server.channel, first, len, &taken));
  OK(lowkey_pairing_poll(&at_server, &server.channel, &server.ephemerals, &event));
  CHECK(event == LOWKEY_EVENT_WRITE);
  OK(lowkey_unsent(&server.channel, &bytes, &len));
  CHECK(len == 3 && bytes[2] == LOWKEY_REFUSAL_REFUSED);
  OK(lowkey_sent(&server.channel, len));
  GIVES(LOWKEY_DECLINED, lowkey_pairing_poll(&at_server, &server.channel, &server.ephemerals, &event));
}

static void pairs_by_callbacks_that_stop_anywhere(void) {
  static queue up, down;
  wire_end at_one = {&down, &up, 3, 2, 0, 0, false}, at_other = {&up, &down, 3, 3, 0, 0, false};
  lowkey_io one, other;
  lowkey_status ours = LOWKEY_WOULD_BLOCK, theirs = LOWKEY_WOULD_BLOCK;
  int tries;
  one.context = &at_one, one.read = wire_read, one.write = wire_write;
  other.context = &at_other, other.read = wire_read, other.write = wire_write;
  up.len = down.len = 0, up.room = down.room = 40;
  begin_pairing();
  server_pins.calls_back = &at_server;
  for (tries = 0; ours == LOWKEY_WOULD_BLOCK || theirs == LOWKEY_WOULD_BLOCK; tries++) {
    CHECK(tries < 10000);
    if (ours == LOWKEY_WOULD_BLOCK) ours = lowkey_pairing_run(&at_device, &device.channel, &one, NULL);
    if (theirs == LOWKEY_WOULD_BLOCK) {
      theirs = lowkey_pairing_run(&at_server, &server.channel, &other, &server.ephemerals);
    }
  }
  OK(ours);
  OK(theirs);
  connect();
}

/* A stream that takes nothing does not keep the loop at the top of lowkey.h from its end. */
static void a_stuck_stream_is_waited_for(void) {
  lowkey_event event;
  begin_pairing();
  OK(lowkey_pairing_poll(&at_device, &device.channel, NULL, &event));
  CHECK(event == LOWKEY_EVENT_WRITE);
  OK(lowkey_sent(&device.channel, 0));
  OK(lowkey_pairing_poll(&at_device, &device.channel, NULL, &event));
  CHECK(event == LOWKEY_EVENT_READ);
  OK(lowkey_pairing_poll(&at_device, &device.channel, NULL, &event));
  CHECK(event == LOWKEY_EVENT_WRITE);
}

/* By Python's hashlib and base64. */
static void a_code_is_read_from_the_whole_text_of_a_label(void) {
  static const char label[] = "LOWKEY:1/WXP7G7GOMX742B77QMCAP74DAQD77AYEA77YGBEWME", bare[] = "A77YGBAH76BQIB77QMCAP74DAQ";
  static const char spaced[] = "lowkey:1/ wxp7g 7gomx-742b7-7qmca-p74da-qd77a-yea77-ygbew-me\r\n";
  static const uint8_t its_name[8] = {0xb5, 0xdf, 0xf3, 0x7c, 0xce, 0x65, 0xff, 0xcd};
  static const char *const texts[] = {label, bare, spaced};
  char wrong[sizeof label];
  lowkey_psk psk;
  for (size_t i = 0; i < 3; i++) {
    uint8_t name[8] = {0};
    memset(&psk, 0, sizeof psk);
    OK(lowkey_code_text_psk(&psk, (const uint8_t *)texts[i], strlen(texts[i]), name));
    CHECK(memcmp(name, its_name, 8) == 0);
  }
  memset(&psk, 0, sizeof psk);
  for (size_t at = 7; at < sizeof label - 1; at++) {
    uint8_t name[8];
    memcpy(wrong, label, sizeof label);
    wrong[at] = label[at] == 'A' ? 'B' : 'A';
    GIVES(LOWKEY_LENGTH, lowkey_code_text_psk(&psk, (const uint8_t *)wrong, sizeof wrong - 1, name));
  }
}

static void wrong_codes_leave_the_psk_as_it_was(void) {
  static const uint8_t zeros[33] = {0}, example[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  static uint8_t ones[32];
  static const char strange[] = "UCQ2FI5EUWTKPKFJVKV2ZLNOV!", brief[] = "UCQ2FI5EUWTKPKFJVKV2ZLNO";
  static const uint8_t latin[] = {'U', 0xe9};
  lowkey_psk psk, before;
  uint8_t name[8] = {9, 9, 9, 9, 9, 9, 9, 9};
  memset(&psk, 0, sizeof psk);
  memset(ones, 0xff, sizeof ones);
  before = psk;
  GIVES(LOWKEY_BLANK, lowkey_code_psk(&psk, zeros, 16, name));
  GIVES(LOWKEY_BLANK, lowkey_code_psk(&psk, ones, 32, name));
  GIVES(LOWKEY_BLANK, lowkey_code_psk(&psk, example, 16, name));
  GIVES(LOWKEY_LENGTH, lowkey_code_psk(&psk, CODE, 15, name));
  GIVES(LOWKEY_LENGTH, lowkey_code_psk(&psk, zeros, 33, name));
  GIVES(LOWKEY_LENGTH, lowkey_code_psk(&psk, CODE, 0, name));
  GIVES(LOWKEY_LENGTH, lowkey_code_psk(&psk, (const uint8_t *)&psk, 16, name));
  GIVES(LOWKEY_NULL, lowkey_code_psk(NULL, CODE, 16, name));
  GIVES(LOWKEY_NULL, lowkey_code_psk(&psk, NULL, 16, name));
  GIVES(LOWKEY_NULL, lowkey_code_psk(&psk, CODE, 16, NULL));
  GIVES(LOWKEY_LENGTH, lowkey_code_text_psk(&psk, (const uint8_t *)strange, sizeof strange - 1, name));
  GIVES(LOWKEY_LENGTH, lowkey_code_text_psk(&psk, (const uint8_t *)brief, sizeof brief - 1, name));
  GIVES(LOWKEY_LENGTH, lowkey_code_text_psk(&psk, latin, sizeof latin, name));
  GIVES(LOWKEY_NULL, lowkey_code_text_psk(&psk, NULL, 26, name));
  CHECK(memcmp(&psk, &before, sizeof psk) == 0 && name[0] == 9 && name[7] == 9);
}

static void wrong_calls_are_a_status(void) {
  static lowkey_pairing none;
  static lowkey_identity nobody;
  lowkey_pin_store store_of = device_store;
  lowkey_buffers over = device.buffers;
  lowkey_event event = LOWKEY_EVENT_DATA;
  begin_pairing();
  GIVES(LOWKEY_NULL, lowkey_pairing_init(NULL, &device.identity, &device.psk, NAME, &store_of));
  GIVES(LOWKEY_NULL, lowkey_pairing_init(&none, NULL, &device.psk, NAME, &store_of));
  GIVES(LOWKEY_NULL, lowkey_pairing_init(&none, &device.identity, NULL, NAME, &store_of));
  GIVES(LOWKEY_NULL, lowkey_pairing_init(&none, &device.identity, &device.psk, NULL, &store_of));
  GIVES(LOWKEY_NULL, lowkey_pairing_init(&none, &device.identity, &device.psk, NAME, NULL));
  GIVES(LOWKEY_NOT_INITIALISED, lowkey_pairing_init(&none, &nobody, &device.psk, NAME, &store_of));
  store_of.store = NULL;
  GIVES(LOWKEY_NULL, lowkey_pairing_init(&none, &device.identity, &device.psk, NAME, &store_of));
  store_of = device_store, store_of.finalise = NULL;
  GIVES(LOWKEY_NULL, lowkey_pairing_init(&none, &device.identity, &device.psk, NAME, &store_of));
  store_of = device_store, store_of.remove = NULL;
  GIVES(LOWKEY_NULL, lowkey_pairing_init(&none, &device.identity, &device.psk, NAME, &store_of));

  GIVES(LOWKEY_NOT_INITIALISED, lowkey_pairing_initiator(&none, &device.channel, &device.buffers, &device.ephemerals));
  GIVES(LOWKEY_NOT_INITIALISED, lowkey_pairing_responder(&none, &device.channel, &device.buffers));
  GIVES(LOWKEY_NOT_INITIALISED, lowkey_pairing_poll(&none, &device.channel, NULL, &event));
  GIVES(LOWKEY_NOT_INITIALISED, lowkey_pairing_run(&none, &device.channel, &NO_STREAM, NULL));
  GIVES(LOWKEY_NULL, lowkey_pairing_initiator(&at_device, NULL, &device.buffers, &device.ephemerals));
  GIVES(LOWKEY_NULL, lowkey_pairing_initiator(&at_device, &device.channel, NULL, &device.ephemerals));
  GIVES(LOWKEY_NULL, lowkey_pairing_initiator(&at_device, &device.channel, &device.buffers, NULL));
  GIVES(LOWKEY_NULL, lowkey_pairing_responder(&at_device, NULL, &device.buffers));
  GIVES(LOWKEY_NULL, lowkey_pairing_responder(&at_device, &device.channel, NULL));
  over.incoming = (uint8_t *)&at_device, over.incoming_len = LOWKEY_MIN_INCOMING;
  GIVES(LOWKEY_LENGTH, lowkey_pairing_responder(&at_device, &device.channel, &over));
  over = device.buffers, over.incoming = (uint8_t *)&device.psk, over.incoming_len = LOWKEY_MIN_INCOMING;
  GIVES(LOWKEY_LENGTH, lowkey_pairing_responder(&at_device, &device.channel, &over));
  GIVES(LOWKEY_NULL, lowkey_pairing_poll(NULL, &device.channel, NULL, &event));
  GIVES(LOWKEY_NULL, lowkey_pairing_poll(&at_device, NULL, NULL, &event));
  GIVES(LOWKEY_NULL, lowkey_pairing_poll(&at_device, &device.channel, NULL, NULL));
  GIVES(LOWKEY_NULL, lowkey_pairing_run(&at_device, &device.channel, NULL, NULL));
  GIVES(LOWKEY_NULL, lowkey_pairing_wipe(NULL));
  CHECK(event == LOWKEY_EVENT_DATA);

  /* A responder without what makes its second message, and an identity that is gone. */
  {
    const uint8_t *bytes;
    size_t len, taken;
    OK(lowkey_unsent(&device.channel, &bytes, &len));
    OK(lowkey_feed(&server.channel, bytes, len, &taken));
  }
  GIVES(LOWKEY_NULL, lowkey_pairing_poll(&at_server, &server.channel, NULL, &event));
  OK(lowkey_pairing_poll(&at_server, &server.channel, &server.ephemerals, &event));
  OK(lowkey_identity_wipe(&server.identity));
  GIVES(LOWKEY_NOT_INITIALISED, lowkey_pairing_responder(&at_server, &server.channel, &server.buffers));

  /* Wiped, and a copy. */
  OK(lowkey_pairing_wipe(&at_device));
  GIVES(LOWKEY_NOT_INITIALISED, lowkey_pairing_poll(&at_device, &device.channel, NULL, &event));
  memcpy(&at_device, &at_server, sizeof at_device);
  GIVES(LOWKEY_NOT_INITIALISED, lowkey_pairing_responder(&at_device, &device.channel, &device.buffers));
}

int main(void) {
  pairs_by_feeding_bytes();
  a_cut_at_every_frame_leaves_what_the_protocol_says();
  a_store_that_is_full_refuses_the_peer();
  a_recording_is_refused();
  pairs_by_callbacks_that_stop_anywhere();
  a_stuck_stream_is_waited_for();
  a_code_is_read_from_the_whole_text_of_a_label();
  wrong_codes_leave_the_psk_as_it_was();
  wrong_calls_are_a_status();
  return 0;
}
