/* A stream that takes nothing for a while, or for good: the loop at the top of lowkey.h reads on, and ends. */
#include "wire.h"

#define MESSAGES 40
#define TURNS 100000

typedef struct party {
  side own;
  queue in, *out;
  size_t sent, got;
  bool open, end;
  lowkey_status over;
} party;

static party initiator, responder;
static uint8_t text[200];

/* What the stream takes of what is unsent. */
static size_t write_out(party *p) {
  const uint8_t *bytes;
  size_t len;
  const size_t room = p->out->room - p->out->len;
  OK(lowkey_unsent(&p->own.channel, &bytes, &len));
  CHECK(len > 0);
  len = len < room ? len : room;
  memcpy(p->out->bytes + p->out->len, bytes, len);
  p->out->len += len;
  return len;
}

static void read_in(party *p) {
  size_t taken;
  OK(lowkey_feed(&p->own.channel, p->in.bytes, p->in.len, &taken));
  p->in.len -= taken;
  memmove(p->in.bytes, p->in.bytes + taken, p->in.len);
}

static void take(party *p) {
  const uint8_t *data;
  size_t len;
  bool is_last;
  OK(lowkey_take(&p->own.channel, &data, &len, &is_last));
  CHECK(is_last && len == sizeof text && memcmp(data, text, len) == 0);
  p->got++;
}

/* The loop at the top of lowkey.h, once around the main loop. */
static void turn(party *p) {
  lowkey_channel *const channel = &p->own.channel;
  lowkey_event event;
  int events = 0;
  read_in(p);
  while ((p->over = lowkey_poll(channel, &event)) == LOWKEY_OK && event != LOWKEY_EVENT_READ) {
    CHECK(++events < 1000);
    if (event == LOWKEY_EVENT_WRITE) OK(lowkey_sent(channel, write_out(p)));
    if (event == LOWKEY_EVENT_HELLO) OK(answer(&p->own, LOWKEY_KK));
    if (event == LOWKEY_EVENT_OPEN) p->open = true;
    if (event == LOWKEY_EVENT_DATA) take(p);
    if (event == LOWKEY_EVENT_END) {
      p->end = true;
      break;
    }
    read_in(p);
  }
}

static void meet(size_t room) {
  memset(&initiator, 0, sizeof initiator);
  memset(&responder, 0, sizeof responder);
  make_pair(&initiator.own, &responder.own, false);
  initiator.out = &responder.in, responder.out = &initiator.in;
  initiator.in.room = responder.in.room = room;
  begin(&initiator.own, &responder.own, LOWKEY_KK);
}

static void open_in_turns(size_t room) {
  int turns;
  meet(room);
  for (turns = 0; !initiator.open || !responder.open; turns++) {
    CHECK(turns < TURNS);
    turn(&initiator);
    turn(&responder);
  }
}

static void a_command_is_seen_although_nothing_leaves(void) {
  open_in_turns(600);
  responder.in.room = responder.in.len; /* it takes nothing any more */
  OK(lowkey_send(&initiator.own.channel, text, 7));
  OK(lowkey_send(&responder.own.channel, text, sizeof text));
  turn(&responder);
  turn(&initiator);
  CHECK(initiator.got == 1);
  OK(lowkey_close(&responder.own.channel));
  turn(&responder);
  turn(&initiator);
  CHECK(initiator.end);
  /* What is unsent has its turn again. */
  responder.in.room += 600;
  turn(&initiator);
  CHECK(responder.in.len == 2 + 1 + 7 + 16);
}

/* Also if that is not taken: it waits, and writing is tried again in between. */
static void data_that_is_left_waits(void) {
  lowkey_event event;
  int tries;
  open_in_turns(600);
  OK(lowkey_send(&initiator.own.channel, text, 7));
  OK(lowkey_send(&responder.own.channel, text, sizeof text));
  turn(&responder);
  read_in(&initiator);
  for (tries = 0; tries < 3; tries++) {
    OK(lowkey_poll(&initiator.own.channel, &event));
    CHECK(event == LOWKEY_EVENT_WRITE);
    OK(lowkey_sent(&initiator.own.channel, 0));
    OK(lowkey_poll(&initiator.own.channel, &event));
    CHECK(event == LOWKEY_EVENT_DATA);
    GIVES(LOWKEY_WOULD_BLOCK, lowkey_send(&initiator.own.channel, text, 1));
  }
  OK(lowkey_sent(&initiator.own.channel, 0));
  OK(lowkey_sent(&initiator.own.channel, 1)); /* it takes something again */
  OK(lowkey_poll(&initiator.own.channel, &event));
  CHECK(event == LOWKEY_EVENT_WRITE);
}

/* With nothing unsent it says nothing: a PONG that comes to be owed is not looked past. */
static void nothing_taken_of_nothing_hides_no_pong(void) {
  lowkey_event event;
  open_in_turns(600);
  OK(lowkey_sent(&initiator.own.channel, 0));
  OK(lowkey_ping(&responder.own.channel, text, 3));
  turn(&responder);
  read_in(&initiator);
  OK(lowkey_poll(&initiator.own.channel, &event));
  CHECK(event == LOWKEY_EVENT_WRITE);
}

static void the_handshake_sees_the_end_although_nothing_leaves(void) {
  lowkey_event event;
  meet(0);
  turn(&initiator);
  OK(initiator.over);
  CHECK(!initiator.open);
  GIVES(LOWKEY_HUNG_UP, lowkey_feed_end(&initiator.own.channel));
  GIVES(LOWKEY_HUNG_UP, lowkey_poll(&initiator.own.channel, &event));
}

/* With what waits for its turn in a handshake there is nothing to read: callbacks are not asked for 0 bytes. */
static void callbacks_are_not_asked_for_nothing(void) {
  wire_end end = {NULL, NULL, BUFFER, 0, 0, 0, false};
  const lowkey_io io = {&end, wire_read, wire_write};
  lowkey_event event;
  meet(0);
  end.in = &initiator.in, end.out = &responder.in;
  initiator.in.room = 3;
  memcpy(initiator.in.bytes, "\0\1\3", 3); /* busy, said before anything was asked */
  initiator.in.len = 3;
  GIVES(LOWKEY_WOULD_BLOCK, lowkey_run(&initiator.own.channel, &io, &event));
  GIVES(LOWKEY_WOULD_BLOCK, lowkey_run(&initiator.own.channel, &io, &event));
  CHECK(initiator.in.len == 0);
  responder.in.room = 600;
  GIVES(LOWKEY_REFUSED_BUSY, lowkey_run(&initiator.own.channel, &io, &event));
}

/* Both send and neither stops reading: all of it arrives, however little the stream holds. */
static void both_full(void) {
  static const size_t rooms[] = {1, 2, 20, 100, 219, 250, 600, 2048};
  size_t at;
  for (at = 0; at < sizeof rooms / sizeof *rooms; at++) {
    party *const parties[2] = {&initiator, &responder};
    int turns;
    open_in_turns(rooms[at]);
    for (turns = 0; initiator.got < MESSAGES || responder.got < MESSAGES; turns++) {
      party *const p = parties[turns % 2];
      CHECK(turns < TURNS);
      while (p->sent < MESSAGES) {
        const lowkey_status status = lowkey_send(&p->own.channel, text, sizeof text);
        if (status == LOWKEY_WOULD_BLOCK) break;
        OK(status);
        p->sent++;
        turn(p);
      }
      turn(p);
    }
  }
}

int main(void) {
  size_t at;
  for (at = 0; at < sizeof text; at++) text[at] = (uint8_t)(at * 5);
  a_command_is_seen_although_nothing_leaves();
  data_that_is_left_waits();
  nothing_taken_of_nothing_hides_no_pong();
  the_handshake_sees_the_end_although_nothing_leaves();
  callbacks_are_not_asked_for_nothing();
  both_full();
  return 0;
}
