/* Buffers over each other, over an object, or over the end of the address space: a status, and nothing done. */
#include "calls.h"

static side initiator, responder;
/* Room to put one thing over another, and after it one byte less. */
static uint8_t room[2 * BUFFER];
static lowkey_channel before;

#ifdef DEVICE
static lowkey_page page;

static lowkey_status init(const lowkey_buffers *buffers) {
  return lowkey_kk_init(device_of(&initiator), &page, buffers, 1, lowkey_seed_random, &initiator.seed);
}
#else
static lowkey_status kk(const lowkey_buffers *buffers) {
  return lowkey_kk_initiator(&initiator.channel, buffers, &initiator.pinning, &initiator.ephemerals);
}

static lowkey_status xx(const lowkey_buffers *buffers) {
  const side *s = &initiator;
  return lowkey_xx_initiator(&initiator.channel, buffers, &s->identity, &s->psk, s->id, 8, &initiator.ephemerals);
}

static lowkey_status respond(const lowkey_buffers *buffers) {
  return lowkey_responder(&initiator.channel, buffers);
}

#endif

typedef lowkey_status (*beginning)(const lowkey_buffers *buffers);
#ifdef DEVICE
static const beginning BEGINNINGS[] = {init};
#else
static const beginning BEGINNINGS[] = {kk, xx, respond};
#endif
static const size_t COUNT = sizeof BEGINNINGS / sizeof *BEGINNINGS;

/* None of the first `count` beginnings takes these, and all leave the channel as it was. */
static void refused(const lowkey_buffers *buffers, size_t count) {
  size_t at;
  memcpy(&before, &initiator.channel, sizeof before);
  for (at = 0; at < count && at < COUNT; at++) GIVES(LOWKEY_LENGTH, BEGINNINGS[at](buffers));
  CHECK(memcmp(&before, &initiator.channel, sizeof before) == 0);
}

/* All of them take these. */
static void taken(const lowkey_buffers *buffers) {
  size_t at;
  for (at = 0; at < COUNT; at++) OK(BEGINNINGS[at](buffers));
}

static void over_each_other(void) {
  lowkey_buffers wrong = initiator.buffers;
  wrong.incoming = room, wrong.incoming_len = BUFFER;
  wrong.outgoing = room, wrong.outgoing_len = BUFFER;
  refused(&wrong, 3);
  wrong.outgoing = room + BUFFER - 1;
  refused(&wrong, 3);
  wrong.incoming = room + BUFFER, wrong.outgoing = room + 1;
  refused(&wrong, 3);
  wrong.outgoing = room, wrong.outgoing_len = 2 * BUFFER;
  wrong.incoming = room + 100, wrong.incoming_len = LOWKEY_MIN_INCOMING;
  refused(&wrong, 3);
  /* Side by side is well. */
  wrong.incoming = room, wrong.incoming_len = BUFFER, wrong.outgoing = room + BUFFER, wrong.outgoing_len = BUFFER;
  taken(&wrong);
}

/* Each buffer over the first and over the last byte of an object, and inside it where that is large enough. */
static void over(void *object, size_t len, size_t count) {
  uint8_t *const start = (uint8_t *)object;
  lowkey_buffers wrong = initiator.buffers;
  wrong.incoming = start - BUFFER + 1, wrong.incoming_len = BUFFER;
  refused(&wrong, count);
  wrong.incoming = start + len - 1;
  refused(&wrong, count);
  wrong = initiator.buffers;
  wrong.outgoing = start - BUFFER + 1, wrong.outgoing_len = BUFFER;
  refused(&wrong, count);
  wrong.outgoing = start + len - 1;
  refused(&wrong, count);
}

/* Nothing is written through these: what the buffers would lie over besides is no matter. */
#ifdef DEVICE
/* A field of the page, alone in its place: both sides of it are free. */
static void over_field(const uint8_t **field, size_t len) {
  static uint8_t alone[2 * BUFFER + 32];
  const uint8_t *const before_it = *field;
  lowkey_buffers right = initiator.buffers;
  uint8_t *const place = alone + BUFFER;
  memcpy(place, *field, len);
  *field = place;
  over(place, len, 1);
  right.incoming = place - BUFFER, right.outgoing = place + len, right.outgoing_len = BUFFER;
  taken(&right);
  right.incoming = place + len, right.outgoing = place - BUFFER;
  taken(&right);
  *field = before_it;
}

static void over_objects(void) {
  over(&initiator.channel, sizeof(lowkey_kk), 1);
  over_field(&page.id, page.id_len);
  over_field(&page.private_key, 32);
  over_field(&page.public_key, 32);
  over_field(&page.peer_key, 32);
  over_field(&page.shared, 32);
  over_field(&page.hedge, 32);
  over_field(&page.psk, 32);
}
#else
static void over_objects(void) {
  over(&initiator.channel, sizeof initiator.channel, 3);
  over(&initiator.identity, sizeof initiator.identity, 2);
  over(&initiator.psk, sizeof initiator.psk, 2);
  over(&initiator.ephemerals, sizeof initiator.ephemerals, 2);
  over(&initiator.peer, sizeof initiator.peer, 1);
}
#endif

static void over_the_end_of_the_address_space(void) {
  lowkey_buffers wrong = initiator.buffers;
  uint8_t *const end = (uint8_t *)(UINTPTR_MAX - 200);
  size_t n;
  wrong.incoming = end, wrong.incoming_len = 300;
  refused(&wrong, 3);
  wrong = initiator.buffers, wrong.outgoing = end, wrong.outgoing_len = SIZE_MAX / 2;
  refused(&wrong, 3);
  begin(&initiator, &responder, LOWKEY_KKPSK0);
  GIVES(LOWKEY_LENGTH, lowkey_feed(&initiator.channel, end, 300, &n));
}

/* What is sent, fed or received lies in a buffer of the channel itself. */
static void over_the_buffers_of_an_open_channel(void) {
  side *const s = &initiator;
  lowkey_channel *const c = &initiator.channel;
  const lowkey_io io = {NULL, no_read, no_write};
  const uint8_t *data;
  lowkey_event event;
  bool is_end;
  size_t n = 0, at;
  uint8_t *const wrong[] = {s->outgoing, s->outgoing + sizeof s->outgoing - 1, s->outgoing - 1};
  open_both(&initiator, &responder, LOWKEY_KKPSK0);
  OK(move_bytes(&initiator, &responder, BUFFER));
  for (at = 0; at < 3; at++) {
    GIVES(LOWKEY_LENGTH, lowkey_send(c, wrong[at], 2));
    GIVES(LOWKEY_LENGTH, lowkey_send_part(c, wrong[at], 2, true, &n));
    GIVES(LOWKEY_LENGTH, lowkey_ping(c, wrong[at], 2));
  }
  GIVES(LOWKEY_LENGTH, lowkey_feed(c, s->incoming, 2, &n));
  GIVES(LOWKEY_LENGTH, lowkey_feed(c, s->incoming + BUFFER - 1, 2, &n));
  GIVES(LOWKEY_LENGTH, lowkey_recv_message(c, &io, s->incoming, 2, &n, &is_end));
  GIVES(LOWKEY_LENGTH, lowkey_recv_message(c, &io, s->outgoing + 1, 2, &n, &is_end));
  n = 0;
  GIVES(LOWKEY_LENGTH, lowkey_send_message(c, &io, s->outgoing, 2, &n));
  CHECK(n == 0 && lowkey_is_open(c));
  /* Nothing of that has gone out; and what has come may be sent back from where it lies. */
  OK(lowkey_send(c, s->incoming, 2));
  OK(next(&responder, &initiator, BUFFER, &event));
  CHECK(event == LOWKEY_EVENT_DATA);
  OK(lowkey_take(&responder.channel, &data, &n, &is_end));
  CHECK(n == 2 && is_end && memcmp(data, s->incoming, 2) == 0);
}

int main(void) {
  make_caller();
  make_pair(&initiator, &responder, true);
#ifdef DEVICE
  page = initiator.page;
#endif
  over_each_other();
  over_objects();
  over_the_buffers_of_an_open_channel();
  over_the_end_of_the_address_space();
  return 0;
}
