/* Keys, buffers and messages in blocks of their exact size, in which nobody wrote: valgrind sees every byte beside them
 * that is touched, and everything that is made of what was never written. */
#include "side.h"

static side initiator, responder;

static uint8_t *block(size_t len) {
  uint8_t *const made = (uint8_t *)malloc(len);
  CHECK(made != NULL);
  return made;
}

static const uint8_t *copied(const uint8_t *from, size_t len) {
  uint8_t *const made = block(len);
  memcpy(made, from, len);
  return made;
}

static void put_on_the_heap(side *here, size_t incoming_len, size_t outgoing_len) {
  const lowkey_page from = here->page;
  here->buffers.incoming = block(incoming_len), here->buffers.incoming_len = incoming_len;
  here->buffers.outgoing = block(outgoing_len), here->buffers.outgoing_len = outgoing_len;
  here->page.id = here->pinning.id = copied(from.id, from.id_len);
  here->page.private_key = copied(from.private_key, 32);
  here->page.public_key = copied(from.public_key, 32);
  here->page.peer_key = copied(from.peer_key, 32);
  here->page.shared = copied(from.shared, 32);
  here->page.hedge = copied(from.hedge, 32);
  here->page.psk = copied(from.psk, 32);
}

static void give_back(side *here) {
  const uint8_t *const fields[] = {here->page.id,     here->page.private_key, here->page.public_key,
                                   here->page.peer_key, here->page.shared,    here->page.hedge,
                                   here->page.psk,    here->buffers.incoming, here->buffers.outgoing};
  size_t at;
  for (at = 0; at < sizeof fields / sizeof *fields; at++) free((void *)(uintptr_t)fields[at]);
}

/* A message of as many bytes as one record carries, and one byte more in two. */
static void talk(side *from, side *to) {
  size_t most, len, got, done;
  OK(move_bytes(from, to, BUFFER));
  OK(lowkey_max_data(&from->channel, &most));
  for (len = most; len <= most + 1; len++) {
    const uint8_t *data;
    uint8_t *const message = block(len);
    lowkey_event event;
    bool is_last = false;
    memset(message, 0xc3, len);
    for (done = 0; !is_last; done += got) {
      OK(lowkey_send_part(&from->channel, message + done, len - done, true, &got));
      OK(next(to, from, BUFFER, &event));
      OK(lowkey_take(&to->channel, &data, &got, &is_last));
      CHECK(done + got <= len && memcmp(data, message + done, got) == 0);
    }
    CHECK(done == len);
    free(message);
  }
}

static void play(size_t incoming_len, size_t outgoing_len) {
  uint8_t ping[LOWKEY_MAX_PING] = {1};
  make_pair(&initiator, &responder, true);
  put_on_the_heap(&initiator, incoming_len, outgoing_len);
  put_on_the_heap(&responder, incoming_len, outgoing_len);
  open_both(&initiator, &responder, LOWKEY_KKPSK0);
  talk(&initiator, &responder);
  talk(&responder, &initiator);
  OK(lowkey_ping(&initiator.channel, ping, sizeof ping));
  say(&responder, &initiator, "after a PING");
  OK(lowkey_close(&initiator.channel));
  OK(move_bytes(&initiator, &responder, BUFFER));
  OK(lowkey_channel_wipe(&initiator.channel));
  OK(lowkey_channel_wipe(&responder.channel));
  give_back(&initiator);
  give_back(&responder);
}

int main(void) {
  play(LOWKEY_MIN_INCOMING, LOWKEY_MIN_OUTGOING);
  play(LOWKEY_MIN_INCOMING + 1, 333);
  play(333, LOWKEY_MIN_OUTGOING + 1);
  return 0;
}
