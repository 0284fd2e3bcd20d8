/* The key store, over flash that is played: keys of its own, a pairing into it, KK from it, what a cut and damage
 * leave, Forget; and every way to call it wrongly. */
#include "wire.h"

#define UNIT 8
#define BANK 1024

/* Flash in which so many operations go well; then the power is gone. */
typedef struct flash {
  uint8_t banks[2][BANK];
  unsigned left, erases;
  lowkey_key_store *calls_back; /* a callback tries to */
} flash;

static int32_t read_flash(void *context, uint32_t bank, size_t offset, uint8_t *bytes, size_t len) {
  const flash *here = (const flash *)context;
  CHECK(bank < 2 && offset % UNIT == 0 && len % UNIT == 0 && offset + len <= BANK);
  memcpy(bytes, here->banks[bank] + offset, len);
  if (here->calls_back != NULL) GIVES(LOWKEY_OUT_OF_TURN, lowkey_key_store_wipe(here->calls_back));
  return 0;
}

static int32_t program(void *context, uint32_t bank, size_t offset, const uint8_t *unit, size_t len) {
  flash *here = (flash *)context;
  size_t at;
  CHECK(bank < 2 && offset % UNIT == 0 && len == UNIT && offset + len <= BANK);
  if (here->left == 0) return 1;
  here->left--;
  for (at = 0; at < len; at++) CHECK(here->banks[bank][offset + at] == 0xff);
  memcpy(here->banks[bank] + offset, unit, len);
  return 0;
}

static int32_t clear(void *context, uint32_t bank, size_t offset, size_t len) {
  flash *here = (flash *)context;
  CHECK(bank < 2 && offset % UNIT == 0 && len == UNIT && offset + len <= BANK);
  if (here->left == 0) return 1;
  here->left--;
  memset(here->banks[bank] + offset, 0, len);
  return 0;
}

static int32_t erase(void *context, uint32_t bank) {
  flash *here = (flash *)context;
  CHECK(bank < 2);
  if (here->left == 0) return 1;
  here->left--;
  here->erases++;
  memset(here->banks[bank], 0xff, BANK);
  return 0;
}

static flash chip;
static const lowkey_flash DRIVER = {&chip, UNIT, BANK, read_flash, program, erase};
static lowkey_key_store store;

static void new_chip(void) {
  memset(&chip, 0, sizeof chip);
  memset(chip.banks, 0xff, sizeof chip.banks);
  chip.left = 1000000;
  OK(lowkey_key_store_open(&store, &DRIVER, clear));
}

/* A source of noise, and one that is stuck. */
static int32_t noise(void *context, uint8_t *out, size_t len) {
  uint32_t *state = (uint32_t *)context;
  while (len-- > 0) {
    *state ^= *state << 13, *state ^= *state >> 17, *state ^= *state << 5;
    *out++ = (uint8_t)(*state >> 11);
  }
  return 0;
}

static int32_t stuck(void *context, uint8_t *out, size_t len) {
  (void)context;
  memset(out, 0x5a, len);
  return 0;
}

static void make_keys(uint32_t seed) { OK(lowkey_key_store_make_keys(&store, noise, &seed)); }

static void keys_are_made_of_noise_and_of_nothing_else(void) {
  lowkey_page own;
  uint64_t boot = 9;
  uint8_t first[32], out[32];
  new_chip();
  CHECK(!lowkey_key_store_has_keys(&store) && lowkey_key_store_may_pair_unasked(&store));
  GIVES(LOWKEY_OUT_OF_TURN, lowkey_key_store_own(&store, &own));
  GIVES(LOWKEY_OUT_OF_TURN, lowkey_key_store_start(&store, &boot));
  GIVES(LOWKEY_ENTROPY, lowkey_key_store_make_keys(&store, stuck, NULL));
  GIVES(LOWKEY_ENTROPY, lowkey_key_store_make_keys(&store, lowkey_seed_random, NULL)); /* it fails */
  CHECK(!lowkey_key_store_has_keys(&store) && chip.erases == 0 && boot == 9);
  make_keys(1);
  GIVES(LOWKEY_OUT_OF_TURN, lowkey_key_store_make_keys(&store, stuck, NULL));
  OK(lowkey_key_store_own(&store, &own));
  CHECK(own.id == NULL && own.peer_key == NULL && own.shared == NULL && own.seed == NULL && own.psk == NULL);
  CHECK(own.address_len == 0);
  {
    static lowkey_identity identity;
    OK(lowkey_identity_init(&identity, own.private_key, NULL));
    OK(lowkey_identity_public_key(&identity, first));
    CHECK(memcmp(first, own.public_key, 32) == 0);
  }
  OK(lowkey_key_store_set_address(&store, "10.0.0.2:7000", 13));
  /* Nothing is drawn before a start: everybody could compute it. */
  GIVES(LOWKEY_OUT_OF_TURN, lowkey_key_store_random(&store, out, 32));
  GIVES(LOWKEY_OUT_OF_TURN, lowkey_key_store_stir(&store, (const uint8_t *)"noise", 5));
  OK(lowkey_key_store_start(&store, &boot));
  CHECK(boot == 1);
  OK((lowkey_status)lowkey_key_store_random(&store, first, 32));
  OK(lowkey_key_store_stir(&store, (const uint8_t *)"noise", 5));
  OK((lowkey_status)lowkey_key_store_random(&store, out, 32));
  CHECK(memcmp(first, out, 32) != 0);

  /* What was made lies in the flash: another object finds it. With and without a way to clear a unit. */
  OK(lowkey_key_store_wipe(&store));
  chip.erases = 0;
  OK(lowkey_key_store_open(&store, &DRIVER, clear));
  OK(lowkey_key_store_start(&store, &boot));
  CHECK(boot == 2 && chip.erases == 0);
  OK(lowkey_key_store_open(&store, &DRIVER, NULL));
  OK(lowkey_key_store_start(&store, &boot));
  CHECK(boot == 3 && chip.erases == 1);
  OK((lowkey_status)lowkey_key_store_random(&store, out, 32));
  CHECK(memcmp(first, out, 32) != 0);
  OK(lowkey_key_store_own(&store, &own));
  CHECK(own.address_len == 13 && memcmp(own.address, "10.0.0.2:7000", 13) == 0);
  OK(lowkey_key_store_forget(&store));
  GIVES(LOWKEY_OUT_OF_TURN, lowkey_key_store_random(&store, out, 32));
}

/* What the server keeps of a pairing. */
typedef struct kept {
  uint8_t key[32], shared[32];
  bool is_final;
} kept;

static int32_t keep(void *context, const uint8_t *key, const uint8_t *shared, const uint8_t *name) {
  kept *here = (kept *)context;
  (void)name;
  memcpy(here->key, key, 32);
  memcpy(here->shared, shared, 32);
  return 0;
}

static void keep_final(void *context, const uint8_t *key, const uint8_t *name) {
  kept *here = (kept *)context;
  CHECK(memcmp(here->key, key, 32) == 0 && name != NULL);
  here->is_final = true;
}

static void keep_nothing(void *context, const uint8_t *key, const uint8_t *name) {
  (void)context, (void)key, (void)name;
  CHECK(false);
}

static side device, server;
static kept at_server;

static void begin_start(void) {
  uint64_t boot;
  lowkey_page own;
  OK(lowkey_key_store_start(&store, &boot));
  OK(lowkey_key_store_own(&store, &own));
  OK(lowkey_identity_init(&device.identity, own.private_key, own.public_key));
  OK(lowkey_ephemerals_init(&device.ephemerals, own.hedge, boot, lowkey_key_store_random, &store));
}

/* The device and the server pair, with a code of both. */
static void pair(const uint8_t code[16]) {
  static queue up, down;
  static lowkey_pairing ours, theirs;
  wire_end at_one = {&down, &up, 99, 0, 0, 0, false}, at_other = {&up, &down, 99, 0, 0, 0, false};
  lowkey_status one_ends = LOWKEY_WOULD_BLOCK, other_ends = LOWKEY_WOULD_BLOCK;
  lowkey_pin_store pins, at = {&at_server, keep, keep_final, keep_nothing};
  lowkey_io one, other;
  uint8_t name[8];
  int tries;
  one.context = &at_one, one.read = wire_read, one.write = wire_write;
  other.context = &at_other, other.read = wire_read, other.write = wire_write;
  up.len = down.len = 0, up.room = down.room = 400;
  OK(lowkey_code_psk(&device.psk, code, 16, name));
  OK(lowkey_code_psk(&server.psk, code, 16, name));
  OK(lowkey_key_store_pins(&store, &pins));
  OK(lowkey_pairing_init(&ours, &device.identity, &device.psk, name, &pins));
  OK(lowkey_pairing_init(&theirs, &server.identity, &server.psk, name, &at));
  OK(lowkey_pairing_initiator(&ours, &device.channel, &device.buffers, &device.ephemerals));
  OK(lowkey_pairing_responder(&theirs, &server.channel, &server.buffers));
  for (tries = 0; one_ends == LOWKEY_WOULD_BLOCK || other_ends == LOWKEY_WOULD_BLOCK; tries++) {
    CHECK(tries < 1000);
    if (one_ends == LOWKEY_WOULD_BLOCK) one_ends = lowkey_pairing_run(&ours, &device.channel, &one, NULL);
    if (other_ends == LOWKEY_WOULD_BLOCK) {
      other_ends = lowkey_pairing_run(&theirs, &server.channel, &other, &server.ephemerals);
    }
  }
  OK(one_ends);
  OK(other_ends);
  CHECK(at_server.is_final);
}

/* KK with this pinning of the store. */
static void connect(const lowkey_page *page) {
  static lowkey_keys keys;
  uint8_t id[8];
  OK(lowkey_keys_init(&keys, page));
  CHECK(memcmp(page->peer_key, server.public_key, 32) == 0);
  OK(lowkey_pinning_id(page->public_key, server.public_key, id));
  CHECK(page->id_len == 8 && memcmp(page->id, id, 8) == 0);
  device.pinning = keys.pinning;
  OK(lowkey_peer_init(&server.peer, &server.identity, at_server.key, at_server.shared));
  memcpy(server.id, page->id, 8);
  server.pinning.psk = NULL;
  open_both(&device, &server, LOWKEY_KK);
  say(&device, &server, "21.5 C");
}

static void a_pairing_goes_into_the_store_and_kk_comes_out_of_it(void) {
  static const uint8_t code[16] = {0xa0, 0xa1, 0xa2, 3}, other_code[16] = {0xb0, 0xa1, 0xa2, 3};
  lowkey_page page;
  lowkey_pin_store pins;
  static uint8_t other[32], shared[32];
  const uint8_t name[8] = {1, 2, 3};
  make_pair(&device, &server, false);
  new_chip();
  make_keys(2);
  begin_start();
  GIVES(LOWKEY_OUT_OF_TURN, lowkey_key_store_pending(&store, &page));
  GIVES(LOWKEY_OUT_OF_TURN, lowkey_key_store_final(&store, &page));
  pair(code);
  CHECK(!lowkey_key_store_may_pair_unasked(&store));
  GIVES(LOWKEY_OUT_OF_TURN, lowkey_key_store_pending(&store, &page));
  OK(lowkey_key_store_final(&store, &page));
  connect(&page);

  /* Another one is pending, and the first stays; then the other one says no. */
  OK(lowkey_key_store_pins(&store, &pins));
  memset(other, 9, sizeof other);
  memset(shared, 7, sizeof shared);
  CHECK(pins.store(pins.context, other, shared, name) == 0);
  OK(lowkey_key_store_confirmed(&store, server.public_key)); /* the final one: nothing changes */
  OK(lowkey_key_store_pending(&store, &page));
  CHECK(memcmp(page.peer_key, other, 32) == 0 && memcmp(page.shared, shared, 32) == 0);
  pins.remove(pins.context, other, name);
  GIVES(LOWKEY_OUT_OF_TURN, lowkey_key_store_pending(&store, &page));
  CHECK(pins.store(pins.context, other, shared, name) == 0);
  OK(lowkey_key_store_confirmed(&store, other));
  OK(lowkey_key_store_final(&store, &page));
  CHECK(memcmp(page.peer_key, other, 32) == 0);
  OK(lowkey_key_store_own(&store, &page));
  CHECK(pins.store(pins.context, page.public_key, shared, name) == LOWKEY_PEER_KEY);

  /* Paired anew, after a start. */
  OK(lowkey_key_store_open(&store, &DRIVER, clear));
  begin_start();
  pair(other_code);
  OK(lowkey_key_store_final(&store, &page));
  connect(&page);
}

static void forget_leaves_no_key_and_a_window_that_has_to_be_asked_for(void) {
  lowkey_page page;
  static uint8_t hedge[32];
  size_t at;
  OK(lowkey_key_store_own(&store, &page));
  memcpy(hedge, page.hedge, 32);
  chip.left = 0;
  GIVES(LOWKEY_FLASH, lowkey_key_store_forget(&store));
  chip.left = 1000000;
  OK(lowkey_key_store_forget(&store));
  CHECK(!lowkey_key_store_has_keys(&store) && !lowkey_key_store_may_pair_unasked(&store));
  GIVES(LOWKEY_OUT_OF_TURN, lowkey_key_store_final(&store, &page));
  for (at = 0; at + 32 <= BANK; at++) {
    CHECK(memcmp(chip.banks[0] + at, hedge, 32) != 0 && memcmp(chip.banks[1] + at, hedge, 32) != 0);
  }
  make_keys(3);
  CHECK(!lowkey_key_store_may_pair_unasked(&store));
}

/* The power goes at every third operation of a start: the keys are there, and no number comes twice. */
static void a_cut_anywhere_is_no_damage(void) {
  unsigned left;
  uint64_t boot = 0, last = 0;
  for (left = 0; left < 140; left += 3) {
    chip.left = left;
    if (lowkey_key_store_open(&store, &DRIVER, left % 2 == 0 ? clear : NULL) == LOWKEY_OK) {
      if (lowkey_key_store_start(&store, &boot) == LOWKEY_OK) {
        CHECK(boot > last);
        last = boot;
      }
    }
    chip.left = 1000000;
    OK(lowkey_key_store_open(&store, &DRIVER, clear));
    CHECK(lowkey_key_store_has_keys(&store));
  }
  CHECK(last > 0);
}

static void a_damaged_store_is_no_new_one(void) {
  size_t at;
  for (at = 0; at < 360; at++) chip.banks[0][at] ^= 1, chip.banks[1][at] ^= 1;
  GIVES(LOWKEY_STORE_DAMAGED, lowkey_key_store_open(&store, &DRIVER, clear));
  OK(lowkey_key_store_start_over(&store, &DRIVER, clear));
  CHECK(!lowkey_key_store_has_keys(&store) && !lowkey_key_store_may_pair_unasked(&store));
  make_keys(4);
  OK(lowkey_key_store_start_over(&store, &DRIVER, clear)); /* nothing is wrong: it only opens */
  CHECK(lowkey_key_store_has_keys(&store));
}

static void wrong_calls_are_a_status(void) {
  static lowkey_key_store none, copy;
  lowkey_flash wrong = DRIVER;
  lowkey_pin_store pins;
  lowkey_page page;
  uint64_t boot;
  uint8_t out[32];
  uint32_t seed = 1;
  new_chip();
  make_keys(1);
  GIVES(LOWKEY_NULL, lowkey_key_store_open(NULL, &DRIVER, clear));
  GIVES(LOWKEY_NULL, lowkey_key_store_open(&none, NULL, clear));
  GIVES(LOWKEY_NULL, lowkey_key_store_start_over(&none, NULL, clear));
  wrong.read = NULL;
  GIVES(LOWKEY_NULL, lowkey_key_store_open(&none, &wrong, clear));
  wrong = DRIVER, wrong.bank_len = 400;
  GIVES(LOWKEY_LENGTH, lowkey_key_store_open(&none, &wrong, clear));
  wrong = DRIVER, wrong.unit = 33;
  GIVES(LOWKEY_LENGTH, lowkey_key_store_open(&none, &wrong, clear));
  memcpy(&copy, &store, sizeof copy);
  {
    lowkey_key_store *const wrongs[] = {NULL, &none, &copy};
    size_t i;
    for (i = 0; i < 3; i++) {
      lowkey_key_store *const it = wrongs[i];
      const lowkey_status status = it == NULL ? LOWKEY_NULL : LOWKEY_NOT_INITIALISED;
      CHECK(!lowkey_key_store_has_keys(it) && !lowkey_key_store_may_pair_unasked(it));
      GIVES(status, lowkey_key_store_make_keys(it, noise, &seed));
      GIVES(status, lowkey_key_store_start(it, &boot));
      GIVES(status, lowkey_key_store_stir(it, out, 0));
      GIVES(status, lowkey_key_store_random(it, out, 32));
      GIVES(status, lowkey_key_store_own(it, &page));
      GIVES(status, lowkey_key_store_pending(it, &page));
      GIVES(status, lowkey_key_store_final(it, &page));
      GIVES(status, lowkey_key_store_pins(it, &pins));
      GIVES(status, lowkey_key_store_confirmed(it, server.public_key));
      GIVES(status, lowkey_key_store_set_address(it, "a", 1));
      GIVES(status, lowkey_key_store_forget(it));
    }
  }
  GIVES(LOWKEY_NULL, lowkey_key_store_make_keys(&store, NULL, NULL));
  GIVES(LOWKEY_NULL, lowkey_key_store_start(&store, NULL));
  GIVES(LOWKEY_NULL, lowkey_key_store_stir(&store, NULL, 1));
  GIVES(LOWKEY_NULL, lowkey_key_store_random(&store, NULL, 1));
  GIVES(LOWKEY_NULL, lowkey_key_store_own(&store, NULL));
  GIVES(LOWKEY_NULL, lowkey_key_store_pending(&store, NULL));
  GIVES(LOWKEY_NULL, lowkey_key_store_final(&store, NULL));
  GIVES(LOWKEY_NULL, lowkey_key_store_pins(&store, NULL));
  GIVES(LOWKEY_NULL, lowkey_key_store_confirmed(&store, NULL));
  GIVES(LOWKEY_NULL, lowkey_key_store_set_address(&store, NULL, 1));
  GIVES(LOWKEY_LENGTH, lowkey_key_store_set_address(&store, "\xff", 1));
  GIVES(LOWKEY_LENGTH, lowkey_key_store_set_address(&store, (const char *)chip.banks[1], 65));
  GIVES(LOWKEY_NULL, lowkey_key_store_wipe(NULL));
  chip.calls_back = &store;
  OK(lowkey_key_store_start(&store, &boot));
  chip.calls_back = NULL;
  chip.left = 0;
  GIVES(LOWKEY_FLASH, lowkey_key_store_start(&store, &boot));
  GIVES(LOWKEY_FLASH, lowkey_key_store_set_address(&store, "b:1", 3));
}

int main(void) {
  keys_are_made_of_noise_and_of_nothing_else();
  a_pairing_goes_into_the_store_and_kk_comes_out_of_it();
  forget_leaves_no_key_and_a_window_that_has_to_be_asked_for();
  a_cut_anywhere_is_no_damage();
  a_damaged_store_is_no_new_one();
  wrong_calls_are_a_status();
  return 0;
}
