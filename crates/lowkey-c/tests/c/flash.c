/* The key page and the boot log, over flash that is played. argv[1]: a file with a key page that has a PSK. */
#include "check.h"

static uint8_t page[LOWKEY_PAGE_LEN + 5];

static lowkey_status read_page(const uint8_t *flash, size_t len) {
  lowkey_page read, before;
  memset(&read, 0x5a, sizeof read);
  before = read;
  {
    const lowkey_status status = lowkey_page_read(&read, flash, len);
    if (status != LOWKEY_OK) CHECK(memcmp(&read, &before, sizeof read) == 0);
    return status;
  }
}

static void pages(const char *file) {
  static uint8_t blank[LOWKEY_PAGE_LEN];
  static lowkey_identity identity;
  static lowkey_peer peer;
  lowkey_page read;
  size_t at;
  FILE *from = fopen(file, "rb");
  CHECK(from != NULL && fread(page, 1, LOWKEY_PAGE_LEN, from) == LOWKEY_PAGE_LEN);
  fclose(from);
  OK(lowkey_page_read(&read, page, sizeof page));
  CHECK(read.id == page + 8 && read.id_len == 8);
  CHECK((const uint8_t *)read.address == page + 40 && read.address_len == 13);
  CHECK(memcmp(read.address, "10.0.0.2:7000", 13) == 0);
  CHECK(read.private_key == page + 104 && read.public_key == page + 136 && read.peer_key == page + 168);
  CHECK(read.shared == page + 200 && read.hedge == page + 232 && read.seed == page + 264 && read.psk == page + 296);
  OK(lowkey_identity_init(&identity, read.private_key, read.public_key));
  OK(lowkey_peer_init(&peer, &identity, read.peer_key, read.shared));

  for (at = 0; at < LOWKEY_PAGE_LEN; at++) GIVES(LOWKEY_PAGE_TOO_SHORT, read_page(page, at));
  GIVES(LOWKEY_NULL, lowkey_page_read(NULL, page, sizeof page));
  GIVES(LOWKEY_NULL, read_page(NULL, LOWKEY_PAGE_LEN));
  GIVES(LOWKEY_PAGE_TOO_SHORT, read_page(NULL, 0));
  GIVES(LOWKEY_LENGTH, read_page(page, SIZE_MAX));
  GIVES(LOWKEY_PAGE_MISSING, read_page(blank, sizeof blank));
  memset(blank, 0xff, sizeof blank);
  GIVES(LOWKEY_PAGE_BLANK, read_page(blank, sizeof blank));
  for (at = 0; at < LOWKEY_PAGE_LEN; at++) {
    const lowkey_status expected = at < 4 ? LOWKEY_PAGE_MISSING : at == 4 ? LOWKEY_PAGE_VERSION : LOWKEY_PAGE_DAMAGED;
    page[at] ^= 0x10;
    GIVES(expected, read_page(page, sizeof page));
    page[at] ^= 0x10;
  }
  OK(read_page(page, sizeof page));
}

/* Those of the protocol's example, "A handshake in bytes". */
static void a_page_from_the_documentation(void) {
  static const uint8_t initiator[LOWKEY_KEY_LEN] = {
      0x7b, 0x4e, 0x90, 0x9b, 0xbe, 0x7f, 0xfe, 0x44, 0xc4, 0x65, 0xa2, 0x20, 0x03, 0x7d, 0x60, 0x8e,
      0xe3, 0x58, 0x97, 0xd3, 0x1e, 0xf9, 0x72, 0xf0, 0x7f, 0x74, 0x89, 0x2c, 0xb0, 0xf7, 0x3f, 0x13};
  uint8_t elevens[LOWKEY_KEY_LEN];
  lowkey_page read, copied;
  OK(lowkey_page_read(&read, page, sizeof page));
  CHECK(!lowkey_page_is_published(&read));
  memset(elevens, 0x11, sizeof elevens);
  copied = read, copied.public_key = initiator;
  CHECK(lowkey_page_is_published(&copied));
  copied = read, copied.peer_key = initiator;
  CHECK(lowkey_page_is_published(&copied));
  copied = read, copied.psk = elevens;
  CHECK(lowkey_page_is_published(&copied));
  copied.psk = NULL;
  CHECK(!lowkey_page_is_published(&copied));
  copied.peer_key = NULL;
  CHECK(lowkey_page_is_published(&copied) && lowkey_page_is_published(NULL));
}

static lowkey_status begin(const lowkey_pinning *pinning) {
  static lowkey_channel channel;
  static lowkey_ephemerals ephemerals;
  static uint8_t incoming[LOWKEY_MIN_INCOMING], outgoing[LOWKEY_MIN_OUTGOING];
  static lowkey_seed seed;
  const lowkey_buffers buffers = {incoming, sizeof incoming, outgoing, sizeof outgoing, 0, 0};
  OK(lowkey_seed_init(&seed, page + 264));
  OK(lowkey_ephemerals_init(&ephemerals, page + 232, 1, lowkey_seed_random, &seed));
  return lowkey_kk_initiator(&channel, &buffers, pinning, &ephemerals);
}

/* No key is left, whatever has failed. */
static void fails(lowkey_status status, lowkey_keys *keys, const lowkey_page *from) {
  uint8_t out[LOWKEY_KEY_LEN];
  lowkey_page right;
  OK(lowkey_page_read(&right, page, sizeof page));
  OK(lowkey_keys_init(keys, &right));
  GIVES(status, lowkey_keys_init(keys, from));
  GIVES(LOWKEY_NOT_INITIALISED, lowkey_identity_public_key(&keys->identity, out));
  GIVES(LOWKEY_NOT_INITIALISED, lowkey_peer_shared(&keys->peer, out));
  GIVES(LOWKEY_NOT_INITIALISED, begin(&keys->pinning));
}

static void keys_of_a_page(void) {
  static lowkey_keys keys, copy;
  static const lowkey_psk no_psk = {{0}};
  static const uint8_t blank[LOWKEY_KEY_LEN] = {0};
  uint8_t out[LOWKEY_KEY_LEN], name[LOWKEY_MAX_ID + 1] = {1};
  lowkey_page read, wrong;
  OK(lowkey_page_read(&read, page, sizeof page));
  OK(lowkey_keys_init(&keys, &read));
  CHECK(keys.pinning.identity == &keys.identity && keys.pinning.peer == &keys.peer && keys.pinning.psk == &keys.psk);
  CHECK(keys.pinning.id == keys.id && keys.pinning.id_len == 8 && memcmp(keys.id, page + 8, 8) == 0);
  OK(lowkey_identity_public_key(&keys.identity, out));
  CHECK(memcmp(out, read.public_key, sizeof out) == 0);
  OK(lowkey_peer_shared(&keys.peer, out));
  CHECK(memcmp(out, read.shared, sizeof out) == 0);
  OK(begin(&keys.pinning));
  copy = keys; /* its objects are none; its pinning points to the first ones */
  OK(begin(&copy.pinning));
  GIVES(LOWKEY_NOT_INITIALISED, lowkey_identity_public_key(&copy.identity, out));

  /* What a page that the program fills in lacks is computed, and the PSK of before is gone. */
  wrong = read, wrong.public_key = NULL, wrong.shared = NULL, wrong.psk = NULL;
  OK(lowkey_keys_init(&keys, &wrong));
  OK(lowkey_peer_shared(&keys.peer, out));
  CHECK(memcmp(out, read.shared, sizeof out) == 0);
  CHECK(keys.pinning.psk == NULL && memcmp(&keys.psk, &no_psk, sizeof no_psk) == 0);
  OK(begin(&keys.pinning));
  wrong = read, wrong.id = name, wrong.id_len = LOWKEY_MAX_ID;
  OK(lowkey_keys_init(&keys, &wrong));
  OK(begin(&keys.pinning));

  fails(LOWKEY_NULL, &keys, NULL);
  wrong.id_len = LOWKEY_MAX_ID + 1;
  fails(LOWKEY_LENGTH, &keys, &wrong);
  wrong.id_len = 0;
  fails(LOWKEY_LENGTH, &keys, &wrong);
  wrong = read, wrong.id = NULL;
  fails(LOWKEY_NULL, &keys, &wrong);
  wrong = read, wrong.private_key = NULL;
  fails(LOWKEY_NULL, &keys, &wrong);
  wrong = read, wrong.private_key = blank;
  fails(LOWKEY_BLANK, &keys, &wrong);
  wrong = read, wrong.psk = blank;
  fails(LOWKEY_BLANK, &keys, &wrong);
  wrong = read, wrong.peer_key = read.public_key;
  fails(LOWKEY_PEER_KEY, &keys, &wrong);
  OK(lowkey_keys_init(&keys, &read));
  OK(lowkey_keys_wipe(&keys));
  GIVES(LOWKEY_NOT_INITIALISED, begin(&keys.pinning));
  GIVES(LOWKEY_NULL, lowkey_keys_init(NULL, &read));
  GIVES(LOWKEY_NULL, lowkey_keys_wipe(NULL));
  GIVES(LOWKEY_NULL, lowkey_keys_init((lowkey_keys *)(void *)((char *)&keys + 1), &read));
}

#define PAGE 512

typedef struct flash {
  uint8_t bytes[2][PAGE];
  uint8_t programmed[2][PAGE];
  size_t unit;
  size_t real_unit; /* more than `unit`, if the driver is wrong */
  int left;         /* operations until the flash fails */
  size_t broken;    /* the first byte of a unit that cannot be read, plus 1 */
} flash;

static int32_t read_bytes(void *context, uint32_t half, size_t offset, uint8_t *bytes, size_t len) {
  const flash *f = (const flash *)context;
  CHECK(half < 2 && offset % f->unit == 0 && len % f->unit == 0 && len <= PAGE && offset <= PAGE - len);
  if (f->broken > offset && f->broken <= offset + len) return -7;
  memcpy(bytes, f->bytes[half] + offset, len);
  return 0;
}

static int32_t program(void *context, uint32_t half, size_t offset, const uint8_t *unit, size_t len) {
  flash *f = (flash *)context;
  const size_t block = offset - offset % f->real_unit;
  size_t at;
  CHECK(half < 2 && len == f->unit && offset % len == 0 && offset <= PAGE - len);
  if (f->left-- <= 0) return -5;
  for (at = block; at < block + f->real_unit; at++) {
    if (f->programmed[half][at]) {
      CHECK(f->real_unit > f->unit); /* otherwise nothing is programmed twice */
      return -6;
    }
  }
  memset(f->programmed[half] + offset, 1, len);
  memcpy(f->bytes[half] + offset, unit, len);
  return 0;
}

static int32_t erase(void *context, uint32_t half) {
  flash *f = (flash *)context;
  CHECK(half < 2);
  if (f->left-- <= 0) return 1;
  memset(f->bytes[half], 0xff, PAGE);
  memset(f->programmed[half], 0, PAGE);
  return 0;
}

static lowkey_status next_boot(const lowkey_flash *given, uint64_t *last) {
  uint64_t boot = 0x5a5a;
  const lowkey_status status = lowkey_boot_log_next(given, &boot);
  if (status != LOWKEY_OK) {
    CHECK(boot == 0x5a5a);
  } else {
    CHECK(boot > *last);
    *last = boot;
  }
  return status;
}

static void erase_both(flash *f, size_t unit, size_t real_unit) {
  memset(f, 0, sizeof *f);
  memset(f->bytes, 0xff, sizeof f->bytes);
  f->unit = unit;
  f->real_unit = real_unit;
  f->left = 1000000;
}

static void boot_logs(size_t unit) {
  static flash f;
  lowkey_flash given = {NULL, 0, PAGE, read_bytes, program, erase}, wrong;
  uint64_t last = 0, boot;
  size_t wrong_unit;
  int at;
  given.context = &f;
  given.unit = unit;
  erase_both(&f, unit, unit);
  for (at = 1; at <= 100; at++) {
    OK(next_boot(&given, &last));
    CHECK(last == (uint64_t)at);
  }
  /* The flash fails after so many operations; then it works again. */
  for (at = 0; at < 200; at++) {
    f.left = at % 11;
    (void)next_boot(&given, &last);
    f.left = 1000000;
    OK(next_boot(&given, &last));
  }
  /* A unit somewhere that cannot be read: the next number is higher, at the latest when it can be read again. */
  for (at = 0; at < PAGE; at++) {
    f.broken = (size_t)at + 1;
    (void)next_boot(&given, &last);
    f.broken = 0;
    OK(next_boot(&given, &last));
  }
  GIVES(LOWKEY_NULL, next_boot(NULL, &last));
  GIVES(LOWKEY_NULL, lowkey_boot_log_next(&given, NULL));
  wrong = given, wrong.read = NULL;
  GIVES(LOWKEY_NULL, next_boot(&wrong, &last));
  wrong = given, wrong.program = NULL;
  GIVES(LOWKEY_NULL, next_boot(&wrong, &last));
  wrong = given, wrong.erase = NULL;
  GIVES(LOWKEY_NULL, next_boot(&wrong, &last));
  wrong = given, wrong.bank_len = 16 * (unit < 8 ? 8 : unit) - 1;
  GIVES(LOWKEY_COUNTER, next_boot(&wrong, &last));
  wrong = given, wrong.unit = 0;
  GIVES(LOWKEY_COUNTER, next_boot(&wrong, &last));
  wrong.unit = 33;
  GIVES(LOWKEY_COUNTER, next_boot(&wrong, &last));
  memset(f.bytes, 0x33, sizeof f.bytes);
  GIVES(LOWKEY_COUNTER, lowkey_boot_log_next(&given, &boot));
  /* The controller programs more at once than the driver says: no start gives a number, the first one not either. */
  for (wrong_unit = unit * 2; wrong_unit <= 32; wrong_unit *= 2) {
    if (wrong_unit <= 8) continue; /* a number and its check are as long */
    erase_both(&f, unit, wrong_unit);
    for (at = 0; at < 3; at++) GIVES(LOWKEY_COUNTER, next_boot(&given, &last));
  }
}

int main(int argc, char **argv) {
  CHECK(argc == 2);
  pages(argv[1]);
  a_page_from_the_documentation();
  keys_of_a_page();
  boot_logs(1);
  boot_logs(4);
  boot_logs(8);
  boot_logs(32);
  return 0;
}
