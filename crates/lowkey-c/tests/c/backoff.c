/* The pauses between attempts: they grow until a channel was good for something, and every wrong call is a status. */
#include "check.h"

#define FIRST 500u
#define LONGEST 30000u

static lowkey_backoff backoff;

/* What a failure must leave alone. */
static const uint32_t UNTOUCHED = 0x5a5a5a5au;

/* The shortest and the longest pause that `call` gives, which uses `chance` and `pause` and is made on a copy. */
#define BETWEEN(least, most, call)            \
  do {                                        \
    const lowkey_backoff before = backoff;    \
    uint32_t chance = 0, pause = UNTOUCHED;   \
    OK(call);                                 \
    CHECK(pause == (least));                  \
    backoff = before;                         \
    chance = UINT32_MAX;                      \
    OK(call);                                 \
    CHECK(pause == (most));                   \
    backoff = before;                         \
    chance = 0x80000000u;                     \
    OK(call);                                 \
    CHECK(pause > (least) && pause < (most)); \
    backoff = before;                         \
  } while (0)

static void fail(void) {
  uint32_t pause;
  OK(lowkey_backoff_failed(&backoff, LOWKEY_HUNG_UP, 7, &pause));
}

static void pauses_double(void) {
  static const uint32_t BOUNDS[] = {500, 1000, 2000, 4000, 8000, 16000, 30000, 30000};
  size_t at;
  OK(lowkey_backoff_init(&backoff, FIRST, LONGEST));
  for (at = 0; at < sizeof BOUNDS / sizeof BOUNDS[0]; at++) {
    BETWEEN(BOUNDS[at] / 2, BOUNDS[at], lowkey_backoff_failed(&backoff, LOWKEY_HUNG_UP, chance, &pause));
    fail();
  }
}

/* A dead service behind a server: every channel opens, and nothing comes of it. */
static void an_open_channel_is_not_enough(void) {
  uint32_t waited = 0, attempts = 0;
  OK(lowkey_backoff_init(&backoff, FIRST, LONGEST));
  while (waited < 12000) {
    uint32_t pause;
    OK(lowkey_backoff_ended(&backoff, 5, 0, UINT32_MAX, &pause));
    waited += pause + 5;
    attempts++;
  }
  CHECK(attempts == 5);
}

static void what_is_received_or_lasts_is(void) {
  OK(lowkey_backoff_init(&backoff, FIRST, LONGEST));
  fail();
  fail();
  BETWEEN(1000, 2000, lowkey_backoff_ended(&backoff, 0, 0, chance, &pause));
  BETWEEN(250, 500, lowkey_backoff_ended(&backoff, 0, 1, chance, &pause));
  BETWEEN(1000, 2000, lowkey_backoff_ended(&backoff, LONGEST - 1, 0, chance, &pause));
  BETWEEN(250, 500, lowkey_backoff_ended(&backoff, LONGEST, 0, chance, &pause));
}

static void whoever_is_refused_waits_longer(void) {
  static const lowkey_status REFUSALS[] = {LOWKEY_REFUSED, LOWKEY_REFUSED_VERSION, LOWKEY_REFUSED_MODE,
                                           LOWKEY_REFUSED_BUSY};
  static const lowkey_status OTHERS[] = {LOWKEY_DECLINED, LOWKEY_HANDSHAKE, LOWKEY_IO, LOWKEY_WOULD_BLOCK,
                                         LOWKEY_PAGE_MALFORMED};
  size_t at;
  OK(lowkey_backoff_init(&backoff, FIRST, LONGEST));
  for (at = 0; at < sizeof REFUSALS / sizeof REFUSALS[0]; at++) {
    BETWEEN(2000, 4000, lowkey_backoff_failed(&backoff, REFUSALS[at], chance, &pause));
  }
  for (at = 0; at < sizeof OTHERS / sizeof OTHERS[0]; at++) {
    BETWEEN(250, 500, lowkey_backoff_failed(&backoff, OTHERS[at], chance, &pause));
  }
}

static void wrong_calls(void) {
  lowkey_backoff none;
  uint32_t pause = UNTOUCHED;
  memset(&none, 0, sizeof none);
  GIVES(LOWKEY_NULL, lowkey_backoff_init(NULL, FIRST, LONGEST));
  GIVES(LOWKEY_NULL, lowkey_backoff_failed(NULL, LOWKEY_IO, 0, &pause));
  GIVES(LOWKEY_NULL, lowkey_backoff_ended(NULL, 0, 0, 0, &pause));
  GIVES(LOWKEY_NOT_INITIALISED, lowkey_backoff_failed(&none, LOWKEY_IO, 0, &pause));
  GIVES(LOWKEY_NOT_INITIALISED, lowkey_backoff_ended(&none, 0, 0, 0, &pause));
  OK(lowkey_backoff_init(&backoff, FIRST, LONGEST));
  GIVES(LOWKEY_NULL, lowkey_backoff_failed(&backoff, LOWKEY_IO, 0, NULL));
  GIVES(LOWKEY_NULL, lowkey_backoff_ended(&backoff, 0, 0, 0, NULL));
  CHECK(pause == UNTOUCHED);
  BETWEEN(250, 500, lowkey_backoff_failed(&backoff, LOWKEY_IO, chance, &pause));
  /* The longest is no shorter than the first, and no pause is nothing at all. */
  OK(lowkey_backoff_init(&backoff, FIRST, 0));
  BETWEEN(250, 500, lowkey_backoff_failed(&backoff, LOWKEY_REFUSED_BUSY, chance, &pause));
  OK(lowkey_backoff_init(&backoff, 0, 0));
  OK(lowkey_backoff_failed(&backoff, LOWKEY_IO, 0, &pause));
  CHECK(pause == 1);
}

int main(void) {
  pauses_double();
  an_open_channel_is_not_enough();
  what_is_received_or_lasts_is();
  whoever_is_refused_waits_longer();
  wrong_calls();
  return 0;
}
