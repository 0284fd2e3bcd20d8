/* Way 2: two callbacks move the bytes, which come dribbling, stop at every place, lie or fail. */
#include "wire.h"

static side initiator, responder;
static queue up, down;
static wire_end at_initiator, at_responder;
static lowkey_io initiator_io = {&at_initiator, wire_read, wire_write};
static lowkey_io responder_io = {&at_responder, wire_read, wire_write};

/* Who sends and who receives in a test; everything is done both ways. */
static side *from, *to;
static wire_end *from_end, *to_end;
static lowkey_io *from_io, *to_io;

static void initiator_sends(bool does) {
  from = does ? &initiator : &responder, to = does ? &responder : &initiator;
  from_end = does ? &at_initiator : &at_responder, to_end = does ? &at_responder : &at_initiator;
  from_io = does ? &initiator_io : &responder_io, to_io = does ? &responder_io : &initiator_io;
}

static uint8_t sent[2000], got[2000];

static void lay_wire(size_t most, unsigned stutter, size_t room) {
  wire_end end = {NULL, NULL, 0, 0, 0, 0, false};
  end.most = most;
  end.stutter = stutter;
  up.len = down.len = 0;
  up.room = down.room = room;
  at_initiator = end, at_initiator.in = &down, at_initiator.out = &up;
  at_responder = end, at_responder.in = &up, at_responder.out = &down;
}

/* One try of a side; whether it is open. */
static bool try_open(side *here, const lowkey_io *io, lowkey_mode mode) {
  lowkey_event event;
  const lowkey_status status = lowkey_run(&here->channel, io, &event);
  if (status == LOWKEY_WOULD_BLOCK) return false;
  OK(status);
  switch (event) {
    case LOWKEY_EVENT_HELLO:
      OK(answer(here, mode));
      return false;
    case LOWKEY_EVENT_CLAIM:
      OK(lowkey_accept(&here->channel));
      return false;
    default:
      CHECK(event == LOWKEY_EVENT_OPEN);
      return true;
  }
}

static void open_by_callbacks(lowkey_mode mode) {
  bool one = false, other = false;
  int tries;
  begin(&initiator, &responder, mode);
  for (tries = 0; !one || !other; tries++) {
    CHECK(tries < 10000);
    one = one || try_open(&initiator, &initiator_io, mode);
    other = other || try_open(&responder, &responder_io, mode);
  }
}

/* Sends a message of `len` bytes and receives it, trying both in turn. */
static void carry(size_t len) {
  size_t done = 0, received = 12345;
  bool is_sent = false, is_end = true;
  int tries;
  memset(got, 0, sizeof got);
  for (tries = 0;; tries++) {
    lowkey_status status;
    CHECK(tries < 100000);
    if (!is_sent) {
      status = lowkey_send_message(&from->channel, from_io, sent, len, &done);
      if (status != LOWKEY_WOULD_BLOCK) OK(status);
      is_sent = status == LOWKEY_OK;
      CHECK(!is_sent || done == len);
    } else {
      status = lowkey_flush(&from->channel, from_io);
      if (status != LOWKEY_WOULD_BLOCK) OK(status);
    }
    status = lowkey_recv_message(&to->channel, to_io, got, sizeof got, &received, &is_end);
    if (status == LOWKEY_OK) break;
    CHECK(status == LOWKEY_WOULD_BLOCK && received == 12345 && is_end);
  }
  CHECK(!is_end && received == len && memcmp(sent, got, len) == 0);
}

static void close_by_callbacks(void) {
  size_t len = 1;
  bool is_end = false;
  lowkey_status status;
  OK(lowkey_close(&from->channel));
  do {
    TRY(lowkey_flush(&from->channel, from_io));
    status = lowkey_recv_message(&to->channel, to_io, got, sizeof got, &len, &is_end);
  } while (status == LOWKEY_WOULD_BLOCK);
  OK(status);
  CHECK(is_end && len == 0);
}

static void every_way_of_dribbling(void) {
  static const size_t lengths[] = {0, 1, 282, 283, 284, 566, 1999};
  size_t most, at;
  unsigned stutter;
  lowkey_mode mode;
  for (mode = LOWKEY_KK; mode <= LOWKEY_KKPSK0; mode = (lowkey_mode)(mode + 1)) {
    make_pair(&initiator, &responder, mode == LOWKEY_KKPSK0);
    for (most = 1; most <= 7; most++) {
      for (stutter = 0; stutter <= 5; stutter += stutter == 0 ? 2 : 1) {
        lay_wire(most, stutter, 50 + most);
        open_by_callbacks(mode);
        for (at = 0; at < 2 * sizeof lengths / sizeof *lengths; at++) {
          initiator_sends(at % 2 == 0);
          carry(lengths[at / 2]);
        }
        initiator_sends(most % 2 == 0);
        close_by_callbacks();
      }
    }
  }
}

static void pairings(void) {
  lowkey_event event;
  lowkey_mode mode;
  for (mode = LOWKEY_XX; mode <= LOWKEY_XXPSK0; mode = (lowkey_mode)(mode + 1)) {
    lay_wire(3, 2, 100);
    open_by_callbacks(mode);
    OK(lowkey_close(&initiator.channel));
    while (lowkey_flush(&initiator.channel, &initiator_io) == LOWKEY_WOULD_BLOCK) {
    }
    while (lowkey_run(&responder.channel, &responder_io, &event) == LOWKEY_WOULD_BLOCK) {
    }
    CHECK(event == LOWKEY_EVENT_END);
  }
}

/* Both sides send more than the wire holds: whoever cannot write still reads. */
static void both_write_at_once(void) {
  size_t done[2] = {0, 0}, len, tries;
  bool is_end, sending[2] = {true, true}, receiving[2] = {true, true};
  side *sides[2];
  const lowkey_io *ios[2];
  static uint8_t gots[2][2000];
  sides[0] = &initiator, sides[1] = &responder;
  ios[0] = &initiator_io, ios[1] = &responder_io;
  make_pair(&initiator, &responder, false);
  lay_wire(BUFFER, 0, 40);
  open_by_callbacks(LOWKEY_KK);
  for (tries = 0; sending[0] || sending[1] || receiving[0] || receiving[1]; tries++) {
    const size_t at = tries % 2;
    lowkey_status status;
    CHECK(tries < 10000);
    if (sending[at]) {
      status = lowkey_send_message(&sides[at]->channel, ios[at], sent, sizeof sent, &done[at]);
      if (status != LOWKEY_WOULD_BLOCK) OK(status);
      sending[at] = status != LOWKEY_OK;
    }
    if (receiving[at]) {
      status = lowkey_recv_message(&sides[at]->channel, ios[at], gots[at], sizeof gots[at], &len, &is_end);
      if (status != LOWKEY_WOULD_BLOCK) OK(status);
      receiving[at] = status != LOWKEY_OK;
    } else {
      TRY(lowkey_flush(&sides[at]->channel, ios[at]));
    }
  }
  CHECK(memcmp(gots[0], sent, sizeof sent) == 0 && memcmp(gots[1], sent, sizeof sent) == 0);
}

/* Whatever is unsent and however much still comes: at the end both know that nothing is missing. */
static void both_finish(void) {
  size_t most, tries;
  uint8_t ping[3] = {1, 2, 3};
  make_pair(&initiator, &responder, false);
  for (most = 1; most <= 40; most += 13) {
    lowkey_status one = LOWKEY_WOULD_BLOCK, other = LOWKEY_WOULD_BLOCK;
    size_t done = 0;
    lay_wire(most, 3, 30 + most);
    GIVES(LOWKEY_NOT_INITIALISED, lowkey_finish((lowkey_channel *)&initiator.peer, &initiator_io));
    begin(&initiator, &responder, LOWKEY_KK);
    GIVES(LOWKEY_NOT_OPEN, lowkey_finish(&initiator.channel, &initiator_io));
    open_by_callbacks(LOWKEY_KK);
    TRY(lowkey_ping(&initiator.channel, ping, sizeof ping));
    while (lowkey_send_message(&responder.channel, &responder_io, sent, 500, &done) != LOWKEY_OK) {
      one = lowkey_finish(&initiator.channel, &initiator_io);
      CHECK(one == LOWKEY_WOULD_BLOCK); /* the peer has not closed */
    }
    for (tries = 0; one != LOWKEY_OK || other != LOWKEY_OK; tries++) {
      CHECK(tries < 10000);
      if (one != LOWKEY_OK) one = lowkey_finish(&initiator.channel, &initiator_io);
      if (other != LOWKEY_OK) other = lowkey_finish(&responder.channel, &responder_io);
      CHECK(lowkey_is_recoverable(one) && lowkey_is_recoverable(other));
    }
    CHECK(lowkey_is_closed(&initiator.channel) && lowkey_is_closed(&responder.channel));
    OK(lowkey_finish(&initiator.channel, &initiator_io));
  }
}

/* Between two tries the message is another one: it must not arrive as the front of one and the end of the other. */
static void another_message_in_its_place(void) {
  static uint8_t other[2000];
  size_t done = 0, before, len;
  bool is_end;
  lowkey_channel *c = &from->channel;
  make_pair(&initiator, &responder, false);
  lay_wire(BUFFER, 0, 600);
  open_by_callbacks(LOWKEY_KK);
  memcpy(other, sent, sizeof other);
  GIVES(LOWKEY_WOULD_BLOCK, lowkey_send_message(c, from_io, sent, sizeof sent, &done));
  CHECK(done > 283 && done < sizeof sent);
  before = done;
  GIVES(LOWKEY_LENGTH, lowkey_send_message(c, from_io, sent, sizeof sent - 1, &done));
  other[before - 1] ^= 1; /* among the last bytes that have gone */
  GIVES(LOWKEY_LENGTH, lowkey_send_message(c, from_io, other, sizeof other, &done));
  other[before - 1] ^= 1, other[before - 200] ^= 1;
  GIVES(LOWKEY_LENGTH, lowkey_send_message(c, from_io, other, sizeof other, &done));
  done = before - 1;
  GIVES(LOWKEY_LENGTH, lowkey_send_message(c, from_io, sent, sizeof sent, &done));
  CHECK(done == before - 1);
  done = 0;
  GIVES(LOWKEY_UNFINISHED, lowkey_send_message(c, from_io, sent, sizeof sent, &done));
  /* Nor does a part of another end it, once there is room for one. */
  from_end->out->room += BUFFER;
  OK(lowkey_flush(c, from_io));
  GIVES(LOWKEY_UNFINISHED, lowkey_send_part(c, other, 3, true, &len));
  GIVES(LOWKEY_UNFINISHED, lowkey_send_part(c, other, 3, false, &len));
  /* It goes on where it was, from wherever it lies. */
  other[before - 200] ^= 1, done = before;
  for (;;) {
    const lowkey_status status = lowkey_send_message(c, from_io, other, sizeof other, &done);
    if (status == LOWKEY_OK) break;
    CHECK(status == LOWKEY_WOULD_BLOCK);
    GIVES(LOWKEY_WOULD_BLOCK,
          lowkey_recv_message(&to->channel, to_io, got, sizeof got, &len, &is_end));
  }
  /* All of it has gone: a count that was not set to 0 sends nothing, and no empty message. */
  GIVES(LOWKEY_LENGTH, lowkey_send_message(c, from_io, sent, sizeof sent, &done));
  while (lowkey_recv_message(&to->channel, to_io, got, sizeof got, &len, &is_end) != LOWKEY_OK) {
    OK(lowkey_flush(c, from_io));
  }
  CHECK(len == sizeof sent && memcmp(got, sent, len) == 0);
  carry(7);
}

static void a_message_without_room(void) {
  size_t done = 0, len = 7;
  bool is_end = true;
  make_pair(&initiator, &responder, false);
  lay_wire(BUFFER, 0, 4096);
  open_by_callbacks(LOWKEY_KK);
  OK(lowkey_send_message(&from->channel, from_io, sent, 400, &done));
  GIVES(LOWKEY_BUFFER_TOO_SMALL,
        lowkey_recv_message(&to->channel, to_io, got, 399, &len, &is_end));
  GIVES(LOWKEY_BUFFER_TOO_SMALL,
        lowkey_recv_message(&to->channel, to_io, got, 283, &len, &is_end));
  CHECK(len == 7 && is_end);
  OK(lowkey_recv_message(&to->channel, to_io, got, 400, &len, &is_end));
  CHECK(len == 400 && !is_end && memcmp(got, sent, 400) == 0);
}

/* Instead of a larger buffer: the pieces that have not been put together can be taken; the next message is whole. */
static void a_message_without_room_is_taken(void) {
  const uint8_t *data;
  size_t done = 0, len = 7;
  bool is_end = true, is_last = false;
  make_pair(&initiator, &responder, false);
  lay_wire(BUFFER, 0, 4096);
  open_by_callbacks(LOWKEY_KK);
  OK(lowkey_send_message(&from->channel, from_io, sent, 400, &done));
  GIVES(LOWKEY_BUFFER_TOO_SMALL, lowkey_recv_message(&to->channel, to_io, got, 399, &len, &is_end));
  OK(lowkey_take(&to->channel, &data, &len, &is_last));
  CHECK(len == 400 - (BUFFER - 17) && is_last && memcmp(data, sent + 400 - len, len) == 0);
  carry(5);
  /* Also amid a message that goes on. */
  done = 0;
  OK(lowkey_send_message(&from->channel, from_io, sent, 700, &done));
  GIVES(LOWKEY_BUFFER_TOO_SMALL, lowkey_recv_message(&to->channel, to_io, got, 400, &len, &is_end));
  OK(lowkey_take(&to->channel, &data, &len, &is_last));
  CHECK(len == BUFFER - 17 && !is_last);
  OK(lowkey_recv_message(&to->channel, to_io, got, sizeof got, &len, &is_end));
  CHECK(len == 700 - 2 * (BUFFER - 17) && !is_end && memcmp(got, sent + 700 - len, len) == 0);
}

static void wrong_arguments(void) {
  lowkey_io no_read, no_write;
  lowkey_event event;
  size_t done = 0, len;
  bool is_end;
  lowkey_channel *c = &from->channel;
  no_read = no_write = *from_io;
  no_read.read = NULL, no_write.write = NULL;
  GIVES(LOWKEY_NULL, lowkey_run(c, NULL, &event));
  GIVES(LOWKEY_NULL, lowkey_run(c, &no_read, &event));
  GIVES(LOWKEY_NULL, lowkey_run(c, &no_write, &event));
  GIVES(LOWKEY_NULL, lowkey_run(c, from_io, NULL));
  GIVES(LOWKEY_NULL, lowkey_flush(c, NULL));
  GIVES(LOWKEY_NULL, lowkey_flush(c, &no_write));
  GIVES(LOWKEY_NULL, lowkey_send_message(c, NULL, sent, 1, &done));
  GIVES(LOWKEY_NULL, lowkey_send_message(c, from_io, NULL, 1, &done));
  GIVES(LOWKEY_NULL, lowkey_send_message(c, from_io, sent, 1, NULL));
  GIVES(LOWKEY_LENGTH, lowkey_send_message(c, from_io, sent, SIZE_MAX, &done));
  done = 2;
  GIVES(LOWKEY_LENGTH, lowkey_send_message(c, from_io, sent, 1, &done));
  CHECK(done == 2);
  GIVES(LOWKEY_NULL, lowkey_recv_message(c, NULL, got, 1, &len, &is_end));
  GIVES(LOWKEY_NULL, lowkey_recv_message(c, from_io, NULL, 1, &len, &is_end));
  GIVES(LOWKEY_NULL, lowkey_recv_message(c, from_io, got, 1, NULL, &is_end));
  GIVES(LOWKEY_NULL, lowkey_recv_message(c, from_io, got, 1, &len, NULL));
  GIVES(LOWKEY_LENGTH, lowkey_recv_message(c, from_io, got, SIZE_MAX, &len, &is_end));
  /* It goes on. */
  carry(5);
}

/* A callback that says what it likes. */
static int32_t says;
static int32_t says_read(void *context, uint8_t *out, size_t len) {
  (void)context, (void)out, (void)len;
  return says;
}
static int32_t says_write(void *context, const uint8_t *bytes, size_t len) {
  (void)context, (void)bytes, (void)len;
  return says;
}

static void lies_are_a_failure(void) {
  static const int32_t lies[] = {3, 300, INT32_MAX, -2, INT32_MIN};
  const lowkey_io reads = {to_end, says_read, wire_write}, writes = {to_end, wire_read, says_write};
  lowkey_event event;
  size_t at;
  for (at = 0; at < sizeof lies / sizeof *lies; at++) {
    open_by_callbacks(LOWKEY_KK);
    says = lies[at];
    GIVES(LOWKEY_IO, lowkey_run(&to->channel, &reads, &event));
    GIVES(LOWKEY_IO, lowkey_poll(&to->channel, &event));
    lay_wire(BUFFER, 0, 4096);
    open_by_callbacks(LOWKEY_KK);
    OK(lowkey_send(&to->channel, sent, 1));
    says = at == 0 ? 0 : lies[at]; /* 20 bytes are unsent; 0 is no number of them */
    GIVES(LOWKEY_IO, lowkey_flush(&to->channel, &writes));
    GIVES(LOWKEY_IO, lowkey_run(&to->channel, &writes, &event));
    lay_wire(BUFFER, 0, 4096);
  }
  /* The end of the stream is none of the peer. */
  open_by_callbacks(LOWKEY_KK);
  says = 0;
  GIVES(LOWKEY_TRUNCATED, lowkey_run(&to->channel, &reads, &event));
}

int main(void) {
  size_t at;
  for (at = 0; at < sizeof sent; at++) sent[at] = (uint8_t)(at * 31 >> 3);
  every_way_of_dribbling();
  if (!IS_DEVICE) pairings();
  both_write_at_once();
  both_finish();
  for (at = 0; at < 2; at++) {
    initiator_sends(at == 0);
    another_message_in_its_place();
    a_message_without_room();
    a_message_without_room_is_taken();
    wrong_arguments();
    lay_wire(BUFFER, 0, 4096);
    lies_are_a_failure();
  }
  return 0;
}
