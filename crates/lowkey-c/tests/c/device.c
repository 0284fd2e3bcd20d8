/* Making a device: every argument that can be wrong, and what is left then; copies, and wiping. */
#include "side.h"

static side initiator, responder, other;
static lowkey_kk *device;
static uint8_t blank[2][32]; /* cleared memory, erased flash */

static lowkey_status init(const lowkey_page *page, const lowkey_buffers *buffers) {
  return lowkey_kk_init(device, page, buffers, 1, lowkey_seed_random, &initiator.seed);
}

static void *not_aligned(void *object) { return (uint8_t *)object + 1; }

/* It is as it was after a call that gives this. */
#define LEAVES(status, call)                           \
  do {                                                 \
    const lowkey_kk leaves_before = *device;           \
    GIVES(status, call);                               \
    CHECK(memcmp(&leaves_before, device, sizeof *device) == 0); \
  } while (0)

/* Each field of the page that is a key of 32 bytes. */
static const uint8_t **field(lowkey_page *page, size_t number) {
  const uint8_t **const fields[] = {&page->private_key, &page->public_key, &page->peer_key,
                                    &page->shared,      &page->hedge,      &page->psk};
  return fields[number];
}
enum { PRIVATE, PUBLIC, PEER, SHARED, HEDGE, PSK, FIELDS };

static void pages_that_are_wrong(void) {
  static const uint8_t long_id[33] = {1};
  lowkey_page wrong;
  size_t at, which;
  LEAVES(LOWKEY_NULL, init(NULL, &initiator.buffers));
  LEAVES(LOWKEY_NULL, init((const lowkey_page *)not_aligned(&initiator.page), &initiator.buffers));
  for (at = 0; at < FIELDS; at++) {
    wrong = initiator.page, *field(&wrong, at) = NULL;
    if (at != PSK) LEAVES(LOWKEY_NULL, init(&wrong, &initiator.buffers));
  }
  wrong = initiator.page, wrong.id = NULL;
  LEAVES(LOWKEY_NULL, init(&wrong, &initiator.buffers));
  wrong = initiator.page, wrong.id_len = 0;
  LEAVES(LOWKEY_LENGTH, init(&wrong, &initiator.buffers));
  wrong.id = long_id, wrong.id_len = 33;
  LEAVES(LOWKEY_LENGTH, init(&wrong, &initiator.buffers));
  wrong.id_len = SIZE_MAX;
  LEAVES(LOWKEY_LENGTH, init(&wrong, &initiator.buffers));
  for (which = 0; which < 2; which++) {
    static const size_t secrets[] = {PRIVATE, HEDGE, PSK};
    for (at = 0; at < 3; at++) {
      wrong = initiator.page, *field(&wrong, secrets[at]) = blank[which];
      LEAVES(LOWKEY_BLANK, init(&wrong, &initiator.buffers));
    }
    wrong = initiator.page, wrong.shared = blank[which];
    LEAVES(LOWKEY_PEER_KEY, init(&wrong, &initiator.buffers));
  }
}

/* X25519 takes a key modulo p = 2^255 - 19 and does not look at the highest bit: every spelling is the same key. */
static void our_own_key_as_the_peers(void) {
  uint8_t ours[32], theirs[32];
  lowkey_page wrong = initiator.page;
  int number;
  wrong.peer_key = theirs;
  memcpy(theirs, initiator.public_key, 32);
  LEAVES(LOWKEY_PEER_KEY, init(&wrong, &initiator.buffers));
  theirs[31] ^= 0x80;
  LEAVES(LOWKEY_PEER_KEY, init(&wrong, &initiator.buffers));
  wrong.public_key = ours;
  memset(ours, 0, 32);
  for (number = 0; number < 19; number++) { /* and p more */
    ours[0] = (uint8_t)number;
    memset(theirs, 0xff, 32);
    theirs[0] = (uint8_t)(0xed + number);
    LEAVES(LOWKEY_PEER_KEY, init(&wrong, &initiator.buffers));
    theirs[31] = 0x7f;
    LEAVES(LOWKEY_PEER_KEY, init(&wrong, &initiator.buffers));
  }
  theirs[1] ^= 1;
  OK(init(&wrong, &initiator.buffers)); /* another key */
}

static void buffers_that_are_wrong(void) {
  const lowkey_page *const page = &initiator.page;
  lowkey_buffers wrong;
  LEAVES(LOWKEY_NULL, init(page, NULL));
  LEAVES(LOWKEY_NULL, init(page, (const lowkey_buffers *)not_aligned(&initiator.buffers)));
  wrong = initiator.buffers, wrong.incoming = NULL;
  LEAVES(LOWKEY_NULL, init(page, &wrong));
  wrong = initiator.buffers, wrong.outgoing = NULL;
  LEAVES(LOWKEY_NULL, init(page, &wrong));
  wrong = initiator.buffers, wrong.incoming_len = LOWKEY_MIN_INCOMING - 1;
  LEAVES(LOWKEY_BUFFER_TOO_SMALL, init(page, &wrong));
  wrong = initiator.buffers, wrong.outgoing_len = LOWKEY_MIN_OUTGOING - 1;
  LEAVES(LOWKEY_BUFFER_TOO_SMALL, init(page, &wrong));
  wrong = initiator.buffers, wrong.incoming_len = 0, wrong.outgoing_len = 0;
  LEAVES(LOWKEY_BUFFER_TOO_SMALL, init(page, &wrong));
  wrong = initiator.buffers, wrong.outgoing_len = SIZE_MAX;
  LEAVES(LOWKEY_LENGTH, init(page, &wrong));
  wrong = initiator.buffers, wrong.incoming_len = SIZE_MAX;
  LEAVES(LOWKEY_LENGTH, init(page, &wrong));
  LEAVES(LOWKEY_NULL, lowkey_kk_init(device, page, &initiator.buffers, 1, NULL, NULL));
  GIVES(LOWKEY_NULL, lowkey_kk_init(NULL, page, &initiator.buffers, 1, lowkey_seed_random, &initiator.seed));
}

static void all_that_is_wrong(void) {
  pages_that_are_wrong();
  buffers_that_are_wrong();
}

/* The smallest buffers and the longest and the shortest id are enough. */
static void the_least_is_enough(void) {
  static const uint8_t id[32] = {1};
  lowkey_page page = initiator.page;
  lowkey_buffers least = initiator.buffers;
  const uint8_t *bytes;
  size_t len;
  least.incoming_len = LOWKEY_MIN_INCOMING, least.outgoing_len = LOWKEY_MIN_OUTGOING;
  page.id = id;
  for (page.id_len = 1; page.id_len <= 32; page.id_len += 31) {
    OK(init(&page, &least));
    OK(lowkey_kk_begin(device));
    OK(lowkey_kk_unsent(device, &bytes, &len));
    /* Protocol, sections 1, 2 and 3: the frame's length, the hello, message 1 with parameters of two bytes. */
    CHECK(len == 2 + 3 + page.id_len + 48 + 2);
    CHECK(bytes[0] == 0 && bytes[1] == len - 2 && bytes[2] == 1 && bytes[3] == 2 && bytes[4] == page.id_len);
    CHECK(memcmp(bytes + 5, id, page.id_len) == 0);
  }
}

/* Section 2: 1 is KK, 2 is KKpsk0; a page without a PSK is one of KK. */
static void the_psk_says_which_mode(void) {
  lowkey_page page = initiator.page;
  const uint8_t *bytes;
  size_t len;
  page.psk = NULL;
  OK(init(&page, &initiator.buffers));
  OK(lowkey_kk_begin(device));
  OK(lowkey_kk_unsent(device, &bytes, &len));
  CHECK(bytes[3] == 1);
}

/* Opens what the device has begun, to a responder that begins anew. */
static void open_it(void) {
  OK(lowkey_responder(&responder.channel, &responder.buffers));
  open_begun(&initiator, &responder, LOWKEY_KKPSK0);
}

static void it_carries(void) {
  say(&initiator, &responder, "up");
  say(&responder, &initiator, "down");
}

/* The structure of the page is copied, and so is that of the buffers; the keys are read where they lie. */
static void the_structures_are_copied(void) {
  lowkey_page page = initiator.page;
  lowkey_buffers buffers = initiator.buffers;
  OK(init(&page, &buffers));
  memset(&page, 0xa7, sizeof page);
  memset(&buffers, 0xa7, sizeof buffers);
  OK(lowkey_kk_begin(device));
  open_it();
  it_carries();
}

/* A copy is none, also where another device was, nor is a channel; and the device goes on. */
static void a_copy_is_none(void) {
  static lowkey_kk copy;
  static lowkey_channel channel;
  lowkey_event event;
  OK(lowkey_kk_begin(device));
  copy = *device;
  GIVES(LOWKEY_NOT_INITIALISED, lowkey_kk_poll(&copy, &event));
  GIVES(LOWKEY_NOT_INITIALISED, lowkey_kk_begin(&copy));
  OK(lowkey_kk_init(&copy, &other.page, &other.buffers, 1, lowkey_seed_random, &other.seed));
  copy = *device;
  GIVES(LOWKEY_NOT_INITIALISED, lowkey_kk_poll(&copy, &event));
  GIVES(LOWKEY_NOT_INITIALISED, lowkey_kk_begin(&copy));
  OK(lowkey_kk_initiator(&channel, &other.buffers, &other.pinning, &other.ephemerals));
  GIVES(LOWKEY_NOT_INITIALISED, lowkey_kk_begin((lowkey_kk *)(void *)&channel));
  GIVES(LOWKEY_NOT_INITIALISED, lowkey_kk_poll((lowkey_kk *)(void *)&channel, &event));
  open_it();
  it_carries();
  /* A front over garbage is no reason not to make a new one. */
  memset((uint8_t *)device + 8, 0xa7, sizeof *device - 8);
  OK(init(&initiator.page, &initiator.buffers));
  OK(lowkey_kk_begin(device));
  memset((uint8_t *)device + 8, 0xa7, sizeof *device - 8);
  OK(lowkey_kk_wipe(device));
}

/* Where 32 bytes of an open channel are none of an ended one, a key has been. */
static bool was_a_key(const uint8_t *open, const uint8_t *over) {
  size_t at, set = 0;
  for (at = 0; at < 32; at++) {
    if (over[at] != 0) return false;
    set += open[at] != 0;
  }
  return set > 28;
}

/* A device goes on when a channel has ended in order: no key of that is left in it, as none is after an error. */
static void no_key_is_left_when_both_have_closed(void) {
  static lowkey_kk open, over;
  const uint8_t *now = (const uint8_t *)device;
  lowkey_event event;
  size_t at, i, keys = 0;
  OK(init(&initiator.page, &initiator.buffers));
  OK(lowkey_kk_begin(device));
  open_it();
  it_carries();
  open = *device;
  GIVES(LOWKEY_TRUNCATED, lowkey_kk_feed_end(device));
  over = *device;
  OK(lowkey_kk_begin(device));
  open_it();
  it_carries();
  OK(lowkey_kk_close(device));
  OK(lowkey_close(&responder.channel));
  OK(next(&responder, &initiator, BUFFER, &event));
  CHECK(event == LOWKEY_EVENT_END);
  OK(next(&initiator, &responder, BUFFER, &event));
  CHECK(event == LOWKEY_EVENT_END && lowkey_kk_is_closed(device));
  for (at = 0; at + 32 <= sizeof open; at++) {
    if (!was_a_key((const uint8_t *)&open + at, (const uint8_t *)&over + at)) continue;
    keys++;
    for (i = 0; i < 32; i++) CHECK(now[at + i] == 0);
  }
  CHECK(keys >= 2); /* one in each direction */
}

/* A wiped device is zeros, and again; a page and buffers are left alone. */
static void wiped_it_is_zeros(void) {
  static const lowkey_kk ZEROS = {{0}};
  OK(init(&initiator.page, &initiator.buffers));
  OK(lowkey_kk_begin(device));
  open_it();
  OK(lowkey_kk_wipe(device));
  CHECK(memcmp(device, &ZEROS, sizeof ZEROS) == 0);
  OK(lowkey_kk_wipe(device));
  GIVES(LOWKEY_NULL, lowkey_kk_wipe(NULL));
  GIVES(LOWKEY_NULL, lowkey_kk_wipe((lowkey_kk *)not_aligned(device)));
}

int main(void) {
  memset(blank[1], 0xff, 32);
  make_pair(&initiator, &responder, true);
  make_pair(&other, &responder, true);
  device = device_of(&initiator);
  /* Zeros stay zeros, */
  all_that_is_wrong();
  our_own_key_as_the_peers();
  /* a device stays what it is, */
  OK(init(&initiator.page, &initiator.buffers));
  all_that_is_wrong();
  OK(lowkey_kk_begin(device));
  open_it();
  all_that_is_wrong();
  /* and goes on. */
  it_carries();
  the_least_is_enough();
  the_psk_says_which_mode();
  the_structures_are_copied();
  a_copy_is_none();
  no_key_is_left_when_both_have_closed();
  wiped_it_is_zeros();
  return 0;
}
