/* Keys, seeds, ephemerals, the key page, the boot log and the statuses' texts: every way to call them wrongly. */
#include "check.h"

static const uint8_t ONE[32] = {0x10}, TWO[32] = {0x20}, ZERO[32] = {0};
static uint8_t ONES[32]; /* erased flash */
static lowkey_identity identity, storage;
static uint8_t public_key[32];

static void *not_aligned(void *object) { return (uint8_t *)object + 1; }

/* An output of at most 64 bytes that a failure must leave alone. */
static uint8_t out[64];

static void fill(void) { memset(out, 0x5a, sizeof out); }

static void check_untouched(void) {
  size_t at;
  for (at = 0; at < sizeof out; at++) CHECK(out[at] == 0x5a);
}

#define LEAVES(status, call) \
  do {                       \
    fill();                  \
    GIVES(status, call);     \
    check_untouched();       \
  } while (0)

static void identities(void) {
  lowkey_identity none;
  memset(&none, 0, sizeof none);
  OK(lowkey_identity_init(&identity, ONE, NULL));
  OK(lowkey_identity_public_key(&identity, public_key));
  GIVES(LOWKEY_NULL, lowkey_identity_init(NULL, ONE, NULL));
  GIVES(LOWKEY_NULL, lowkey_identity_init(&none, NULL, NULL));
  GIVES(LOWKEY_NULL, lowkey_identity_init((lowkey_identity *)not_aligned(&storage), ONE, NULL));
  LEAVES(LOWKEY_NOT_INITIALISED, lowkey_identity_public_key(&none, out));
  LEAVES(LOWKEY_NULL, lowkey_identity_public_key(NULL, out));
  GIVES(LOWKEY_NULL, lowkey_identity_public_key(&identity, NULL));
  /* The public key is taken as it is given. */
  OK(lowkey_identity_init(&none, ONE, TWO));
  OK(lowkey_identity_public_key(&none, out));
  CHECK(memcmp(out, TWO, 32) == 0);
  OK(lowkey_identity_wipe(&none));
  OK(lowkey_identity_wipe(&none));
  LEAVES(LOWKEY_NOT_INITIALISED, lowkey_identity_public_key(&none, out));
  GIVES(LOWKEY_NULL, lowkey_identity_wipe(NULL));
}

static void peers(void) {
  lowkey_identity none;
  lowkey_peer peer, again;
  uint8_t shared[32], theirs[32];
  memset(&none, 0, sizeof none);
  memset(&peer, 0, sizeof peer);
  memset(&again, 0, sizeof again);
  OK(lowkey_identity_init(&storage, TWO, NULL));
  OK(lowkey_identity_public_key(&storage, theirs));
  LEAVES(LOWKEY_NOT_INITIALISED, lowkey_peer_shared(&peer, out));
  GIVES(LOWKEY_NULL, lowkey_peer_init(NULL, &identity, theirs, NULL));
  GIVES(LOWKEY_NULL, lowkey_peer_init(&peer, NULL, theirs, NULL));
  GIVES(LOWKEY_NULL, lowkey_peer_init(&peer, &identity, NULL, NULL));
  GIVES(LOWKEY_NOT_INITIALISED, lowkey_peer_init(&peer, &none, theirs, NULL));
  GIVES(LOWKEY_PEER_KEY, lowkey_peer_init(&peer, &identity, public_key, NULL));
  GIVES(LOWKEY_PEER_KEY, lowkey_peer_init(&peer, &identity, public_key, TWO));
  /* X25519 does not look at the highest bit: the same key. */
  public_key[31] ^= 0x80;
  GIVES(LOWKEY_PEER_KEY, lowkey_peer_init(&peer, &identity, public_key, NULL));
  GIVES(LOWKEY_PEER_KEY, lowkey_peer_init(&peer, &identity, public_key, TWO));
  public_key[31] ^= 0x80;
  GIVES(LOWKEY_PEER_KEY, lowkey_peer_init(&peer, &identity, ZERO, NULL));
  GIVES(LOWKEY_PEER_KEY, lowkey_peer_init(&peer, &identity, theirs, ZERO));
  GIVES(LOWKEY_PEER_KEY, lowkey_peer_init(&peer, &identity, theirs, ONES));
  LEAVES(LOWKEY_NOT_INITIALISED, lowkey_peer_shared(&peer, out));
  OK(lowkey_peer_init(&peer, &identity, theirs, NULL));
  OK(lowkey_peer_shared(&peer, shared));
  /* A failure leaves a peer as it was. */
  GIVES(LOWKEY_PEER_KEY, lowkey_peer_init(&peer, &identity, public_key, NULL));
  OK(lowkey_peer_shared(&peer, out));
  CHECK(memcmp(out, shared, 32) == 0);
  /* What was stored makes the same peer. */
  OK(lowkey_peer_init(&again, &identity, theirs, shared));
  OK(lowkey_peer_shared(&again, out));
  CHECK(memcmp(out, shared, 32) == 0);
  LEAVES(LOWKEY_NULL, lowkey_peer_shared(NULL, out));
  GIVES(LOWKEY_NULL, lowkey_peer_shared(&peer, NULL));
  GIVES(LOWKEY_NULL, lowkey_peer_wipe(NULL));
  OK(lowkey_peer_wipe(&peer));
  LEAVES(LOWKEY_NOT_INITIALISED, lowkey_peer_shared(&peer, out));
}

static void psks_and_ids(void) {
  lowkey_psk psk;
  uint8_t id[8];
  memset(&psk, 0, sizeof psk);
  GIVES(LOWKEY_NULL, lowkey_psk_init(NULL, ONE));
  GIVES(LOWKEY_NULL, lowkey_psk_init(&psk, NULL));
  OK(lowkey_psk_init(&psk, ONE));
  GIVES(LOWKEY_NULL, lowkey_psk_wipe(NULL));
  OK(lowkey_psk_wipe(&psk));
  LEAVES(LOWKEY_NULL, lowkey_pinning_id(NULL, TWO, out));
  LEAVES(LOWKEY_NULL, lowkey_pinning_id(ONE, NULL, out));
  GIVES(LOWKEY_NULL, lowkey_pinning_id(ONE, TWO, NULL));
  OK(lowkey_pinning_id(ONE, TWO, id));
  OK(lowkey_pinning_id(TWO, ONE, out));
  CHECK(memcmp(id, out, 8) != 0);
}

/* By Python's hashlib and base64, of a public key of RFC 7748, 6.1. */
static void pairing_a_fingerprint_is_what_another_implementation_makes_of_the_key(void) {
  static const uint8_t key[32] = {0x85, 0x20, 0xf0, 0x09, 0x89, 0x30, 0xa7, 0x54, 0x74, 0x8b, 0x7d,
                                  0xdc, 0xb4, 0x3e, 0xf7, 0x5a, 0x0d, 0xbf, 0x3a, 0x0d, 0x26, 0x38,
                                  0x1a, 0xf4, 0xeb, 0xa4, 0xa9, 0x8e, 0xaa, 0x9b, 0x4e, 0x6a};
  char text[LOWKEY_FINGERPRINT_LEN + 1] = "as before";
  GIVES(LOWKEY_NULL, lowkey_fingerprint(NULL, text));
  GIVES(LOWKEY_NULL, lowkey_fingerprint(key, NULL));
  CHECK(strcmp(text, "as before") == 0);
  text[LOWKEY_FINGERPRINT_LEN] = '\0';
  OK(lowkey_fingerprint(key, text));
  CHECK(strcmp(text, "I42G-Q33D-T2HY-YA32-TLSL") == 0);
}

static int32_t no_random(void *context, uint8_t *to, size_t len) {
  (void)context, (void)to, (void)len;
  return 1;
}

static void seeds_and_ephemerals(void) {
  lowkey_seed seed;
  lowkey_ephemerals ephemerals;
  uint8_t first[40];
  memset(&seed, 0, sizeof seed);
  memset(&ephemerals, 0, sizeof ephemerals);
  GIVES(LOWKEY_NULL, lowkey_seed_init(NULL, ONE));
  GIVES(LOWKEY_NULL, lowkey_seed_init(&seed, NULL));
  GIVES(LOWKEY_NOT_INITIALISED, lowkey_seed_stir(&seed, ONE, 1));
  LEAVES(LOWKEY_NOT_INITIALISED, lowkey_seed_random(&seed, out, 32));
  OK(lowkey_seed_init(&seed, ONE));
  GIVES(LOWKEY_NULL, lowkey_seed_stir(NULL, ONE, 1));
  GIVES(LOWKEY_NULL, lowkey_seed_stir(&seed, NULL, 1));
  GIVES(LOWKEY_LENGTH, lowkey_seed_stir(&seed, ONE, SIZE_MAX));
  LEAVES(LOWKEY_NULL, lowkey_seed_random(NULL, out, 32));
  GIVES(LOWKEY_NULL, lowkey_seed_random(&seed, NULL, 32));
  LEAVES(LOWKEY_LENGTH, lowkey_seed_random(&seed, out, SIZE_MAX));
  OK(lowkey_seed_random(&seed, NULL, 0));
  /* The same again after the same seed; another after a stir. */
  OK(lowkey_seed_init(&seed, ONE));
  OK(lowkey_seed_random(&seed, first, sizeof first));
  OK(lowkey_seed_init(&seed, ONE));
  OK(lowkey_seed_random(&seed, out, sizeof first));
  CHECK(memcmp(first, out, sizeof first) == 0);
  OK(lowkey_seed_init(&seed, ONE));
  OK(lowkey_seed_stir(&seed, TWO, 5));
  OK(lowkey_seed_random(&seed, out, sizeof first));
  CHECK(memcmp(first, out, sizeof first) != 0);
  GIVES(LOWKEY_NULL, lowkey_seed_wipe(NULL));
  OK(lowkey_seed_wipe(&seed));
  LEAVES(LOWKEY_NOT_INITIALISED, lowkey_seed_random(&seed, out, 32));

  GIVES(LOWKEY_NULL, lowkey_ephemerals_init(NULL, ONE, 1, no_random, NULL));
  GIVES(LOWKEY_NULL, lowkey_ephemerals_init(&ephemerals, NULL, 1, no_random, NULL));
  GIVES(LOWKEY_NULL, lowkey_ephemerals_init(&ephemerals, ONE, 1, NULL, NULL));
  OK(lowkey_ephemerals_init(&ephemerals, ONE, 1, no_random, NULL));
  GIVES(LOWKEY_NULL, lowkey_ephemerals_wipe(NULL));
  OK(lowkey_ephemerals_wipe(&ephemerals));
}

/* Memory that nobody has written a secret to makes nothing, and leaves what was there. */
static void blank(const uint8_t bytes[32]) {
  static lowkey_identity made;
  static lowkey_psk psk;
  static lowkey_seed seed;
  static lowkey_ephemerals ephemerals;
  static lowkey_identity before;
  GIVES(LOWKEY_BLANK, lowkey_identity_init(&made, bytes, NULL));
  GIVES(LOWKEY_BLANK, lowkey_identity_init(&made, bytes, TWO));
  GIVES(LOWKEY_BLANK, lowkey_psk_init(&psk, bytes));
  GIVES(LOWKEY_BLANK, lowkey_seed_init(&seed, bytes));
  GIVES(LOWKEY_BLANK, lowkey_ephemerals_init(&ephemerals, bytes, 1, no_random, NULL));
  LEAVES(LOWKEY_NOT_INITIALISED, lowkey_identity_public_key(&made, out));
  LEAVES(LOWKEY_NOT_INITIALISED, lowkey_seed_random(&seed, out, 32));
  memcpy(&before, &identity, sizeof before);
  GIVES(LOWKEY_BLANK, lowkey_identity_init(&identity, bytes, NULL));
  CHECK(memcmp(&before, &identity, sizeof before) == 0);
}

/* A key in the storage that it is for would be gone before it is copied. */
static void where_they_go(void *object, size_t len, lowkey_status (*make)(void *object, const uint8_t *bytes)) {
  static uint8_t before[512];
  uint8_t *const bytes = (uint8_t *)object;
  size_t at;
  for (at = 0; at < len; at++) bytes[at] = (uint8_t)(at + 1);
  memset(bytes, 0, 8);
  memcpy(before, bytes, len);
  for (at = 0; at < len; at++) GIVES(LOWKEY_LENGTH, make(object, bytes + at));
  GIVES(LOWKEY_LENGTH, make(object, bytes - 31));
  CHECK(memcmp(before, bytes, len) == 0);
}

static lowkey_status make_identity(void *object, const uint8_t *bytes) {
  return lowkey_identity_init((lowkey_identity *)object, bytes, TWO);
}

static lowkey_status make_public(void *object, const uint8_t *bytes) {
  return lowkey_identity_init((lowkey_identity *)object, ONE, bytes);
}

static lowkey_status make_peer(void *object, const uint8_t *bytes) {
  return lowkey_peer_init((lowkey_peer *)object, &identity, bytes, TWO);
}

static lowkey_status make_shared(void *object, const uint8_t *bytes) {
  return lowkey_peer_init((lowkey_peer *)object, &identity, TWO, bytes);
}

static lowkey_status make_psk(void *object, const uint8_t *bytes) {
  return lowkey_psk_init((lowkey_psk *)object, bytes);
}

static lowkey_status make_seed(void *object, const uint8_t *bytes) {
  return lowkey_seed_init((lowkey_seed *)object, bytes);
}

static lowkey_status make_ephemerals(void *object, const uint8_t *bytes) {
  return lowkey_ephemerals_init((lowkey_ephemerals *)object, bytes, 1, no_random, NULL);
}

static void keys_that_lie_where_they_go(void) {
  static struct {
    uint8_t before[64];
    union {
      lowkey_identity identity;
      lowkey_peer peer;
      lowkey_psk psk;
      lowkey_seed seed;
      lowkey_ephemerals ephemerals;
    } of;
    uint8_t behind[64];
  } object;
  where_they_go(&object.of, sizeof object.of.identity, make_identity);
  where_they_go(&object.of, sizeof object.of.identity, make_public);
  where_they_go(&object.of, sizeof object.of.peer, make_peer);
  where_they_go(&object.of, sizeof object.of.peer, make_shared);
  where_they_go(&object.of, sizeof object.of.psk, make_psk);
  where_they_go(&object.of, sizeof object.of.seed, make_seed);
  where_they_go(&object.of, sizeof object.of.ephemerals, make_ephemerals);
  /* Next to it is well. */
  memcpy(object.before + 32, ONE, 32);
  OK(lowkey_psk_init(&object.of.psk, object.before + 32));
  memcpy((uint8_t *)&object.of + sizeof object.of.psk, ONE, 32);
  OK(lowkey_psk_init(&object.of.psk, (uint8_t *)&object.of + sizeof object.of.psk));
}

static void statuses(void) {
  int32_t number, known = 0;
  for (number = -300; number < 300; number++) {
    const char *text = lowkey_status_text((lowkey_status)number);
    CHECK(text != NULL && text[0] != 0);
    known += strcmp(text, "unknown status") != 0;
    CHECK(lowkey_is_recoverable((lowkey_status)number) ==
          ((number >= LOWKEY_OK && number <= LOWKEY_WOULD_BLOCK) ||
           (number >= LOWKEY_NOT_ACKNOWLEDGED && number <= LOWKEY_FULL)));
  }
  CHECK(known == 49);
  CHECK(!lowkey_is_recoverable((lowkey_status)INT32_MIN) && !lowkey_is_recoverable((lowkey_status)INT32_MAX));
}

int main(void) {
  memset(ONES, 0xff, sizeof ONES);
  identities();
  peers();
  psks_and_ids();
  pairing_a_fingerprint_is_what_another_implementation_makes_of_the_key();
  seeds_and_ephemerals();
  blank(ZERO);
  blank(ONES);
  keys_that_lie_where_they_go();
  statuses();
  return 0;
}
