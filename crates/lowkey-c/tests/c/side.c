/* Keys, channels and the bytes between two sides. */
#include "side.h"

static void make_keys(side *made, uint8_t number) {
  uint8_t bytes[32];
  memset(made, 0, sizeof *made);
  memset(made->private_key, number, 32);
  OK(lowkey_identity_init(&made->identity, made->private_key, NULL));
  OK(lowkey_identity_public_key(&made->identity, made->public_key));
  memset(bytes, number, sizeof bytes);
  bytes[0] ^= 0xff;
  OK(lowkey_seed_init(&made->seed, bytes));
  bytes[1] ^= 0xff;
  memcpy(made->hedge, bytes, 32);
  made->boot = 1;
  OK(lowkey_ephemerals_init(&made->ephemerals, made->hedge, made->boot, lowkey_seed_random, &made->seed));
  memset(made->psk_bytes, 0x77, 32);
  OK(lowkey_psk_init(&made->psk, made->psk_bytes));
  made->buffers.incoming = made->incoming;
  made->buffers.incoming_len = sizeof made->incoming;
  made->buffers.outgoing = made->outgoing;
  made->buffers.outgoing_len = sizeof made->outgoing;
}

static void pin(side *here, const side *there, bool with_psk, const uint8_t id[8]) {
  OK(lowkey_peer_init(&here->peer, &here->identity, there->public_key, NULL));
  OK(lowkey_peer_shared(&here->peer, here->shared));
  memcpy(here->id, id, 8);
  here->pinning.identity = &here->identity;
  here->pinning.peer = &here->peer;
  here->pinning.psk = with_psk ? &here->psk : NULL;
  here->pinning.id = here->page.id = here->id;
  here->pinning.id_len = here->page.id_len = 8;
  here->page.private_key = here->private_key;
  here->page.public_key = here->public_key;
  here->page.peer_key = there->public_key;
  here->page.shared = here->shared;
  here->page.hedge = here->hedge;
  here->page.psk = with_psk ? here->psk_bytes : NULL;
}

void make_pair(side *initiator, side *responder, bool with_psk) {
  uint8_t id[8];
  make_keys(initiator, 1);
  make_keys(responder, 2);
  OK(lowkey_pinning_id(initiator->public_key, responder->public_key, id));
  pin(initiator, responder, with_psk, id);
  pin(responder, initiator, with_psk, id);
}

static bool has_psk(lowkey_mode mode) { return mode == LOWKEY_KKPSK0 || mode == LOWKEY_XXPSK0; }

lowkey_kk *device_of(side *initiator) { return (lowkey_kk *)(void *)&initiator->channel; }

void begin(side *initiator, side *responder, lowkey_mode mode) {
  side *i = initiator;
  if (IS_DEVICE) {
    lowkey_kk *const device = device_of(i);
    OK(lowkey_kk_init(device, &i->page, &i->buffers, i->boot, lowkey_seed_random, &i->seed));
    OK(lowkey_kk_begin(device));
  } else if (mode == LOWKEY_KK || mode == LOWKEY_KKPSK0) {
    OK(lowkey_kk_initiator(&i->channel, &i->buffers, &i->pinning, &i->ephemerals));
  } else {
    const lowkey_psk *psk = has_psk(mode) ? &i->psk : NULL;
    const size_t id_len = psk == NULL ? 0 : 8;
    OK(lowkey_xx_initiator(&i->channel, &i->buffers, &i->identity, psk, i->id, id_len, &i->ephemerals));
  }
  OK(lowkey_responder(&responder->channel, &responder->buffers));
}

lowkey_status answer(side *responder, lowkey_mode mode) {
  side *r = responder;
  if (mode == LOWKEY_KK || mode == LOWKEY_KKPSK0) {
    return lowkey_answer_kk(&r->channel, &r->pinning, &r->ephemerals);
  }
  return lowkey_answer_xx(&r->channel, &r->identity, has_psk(mode) ? &r->psk : NULL, &r->ephemerals);
}

lowkey_status move_bytes(side *from, side *to, size_t most) {
  for (;;) {
    const uint8_t *bytes;
    size_t len, taken;
    lowkey_status status = lowkey_unsent(&from->channel, &bytes, &len);
    if (status != LOWKEY_OK || len == 0) return status;
    status = lowkey_feed(&to->channel, bytes, len < most ? len : most, &taken);
    if (status != LOWKEY_OK || taken == 0) return status;
    OK(lowkey_sent(&from->channel, taken));
  }
}

lowkey_status next(side *here, side *there, size_t most, lowkey_event *event) {
  int idle = 0;
  for (;;) {
    const lowkey_status status = lowkey_poll(&here->channel, event);
    if (status != LOWKEY_OK) return status;
    if (*event == LOWKEY_EVENT_READ) {
      const lowkey_status moved = move_bytes(there, here, most);
      if (moved != LOWKEY_OK) return moved;
      if (++idle == 1000) return LOWKEY_WOULD_BLOCK;
    } else if (*event == LOWKEY_EVENT_WRITE) {
      const lowkey_status moved = move_bytes(here, there, most);
      if (moved != LOWKEY_OK) return moved;
      if (++idle == 1000) return LOWKEY_WOULD_BLOCK;
    } else {
      return LOWKEY_OK;
    }
  }
}

/* One step of a side in a handshake; whether it is open. */
static bool step(side *here, side *there, lowkey_mode mode) {
  lowkey_event event;
  OK(lowkey_poll(&here->channel, &event));
  switch (event) {
    case LOWKEY_EVENT_WRITE:
      OK(move_bytes(here, there, BUFFER));
      return false;
    case LOWKEY_EVENT_HELLO:
      OK(answer(here, mode));
      return false;
    case LOWKEY_EVENT_CLAIM:
      OK(lowkey_accept(&here->channel));
      return false;
    default:
      return event == LOWKEY_EVENT_OPEN;
  }
}

void open_both(side *initiator, side *responder, lowkey_mode mode) {
  begin(initiator, responder, mode);
  open_begun(initiator, responder, mode);
}

void open_begun(side *initiator, side *responder, lowkey_mode mode) {
  bool at_initiator = false, at_responder = false;
  int steps;
  for (steps = 0; !at_initiator || !at_responder; steps++) {
    CHECK(steps < 100);
    at_initiator = at_initiator || step(initiator, responder, mode);
    at_responder = at_responder || step(responder, initiator, mode);
  }
}

void say(side *here, side *there, const char *text) {
  const uint8_t *data;
  size_t len;
  bool is_last;
  lowkey_event event;
  OK(lowkey_send(&here->channel, (const uint8_t *)text, strlen(text)));
  OK(next(there, here, BUFFER, &event));
  CHECK(event == LOWKEY_EVENT_DATA);
  OK(lowkey_take(&there->channel, &data, &len, &is_last));
  CHECK(is_last && len == strlen(text) && memcmp(data, text, len) == 0);
}

int32_t no_read(void *context, uint8_t *out, size_t len) {
  (void)context, (void)out, (void)len;
  return LOWKEY_IO_WOULD_BLOCK;
}

int32_t no_write(void *context, const uint8_t *bytes, size_t len) {
  (void)context, (void)bytes, (void)len;
  return LOWKEY_IO_WOULD_BLOCK;
}
