/* Several channels side by side, in every mode, their bytes mixed one by one: none knows of another. */
#include "side.h"

#define PAIRS 8

static side initiators[PAIRS], responders[PAIRS];

static lowkey_mode mode_of(int pair) { return (lowkey_mode)(1 + pair % (IS_DEVICE ? 2 : 4)); }

static bool step(side *here, side *there, lowkey_mode mode, bool was_open) {
  lowkey_event event;
  OK(move_bytes(there, here, 1));
  if (was_open) return true;
  OK(lowkey_poll(&here->channel, &event));
  if (event == LOWKEY_EVENT_HELLO) OK(answer(here, mode));
  if (event == LOWKEY_EVENT_CLAIM) OK(lowkey_accept(&here->channel));
  return event == LOWKEY_EVENT_OPEN;
}

static void open_all(void) {
  bool open[2][PAIRS] = {{false}};
  int pair, round, left = 2 * PAIRS;
  for (pair = 0; pair < PAIRS; pair++) {
    make_pair(&initiators[pair], &responders[pair], mode_of(pair) == LOWKEY_KKPSK0);
    /* The same keys and the same seed everywhere: the boot number keeps the ephemeral keys apart. */
    initiators[pair].boot = 10 + (uint64_t)pair;
    OK(lowkey_ephemerals_init(&initiators[pair].ephemerals, initiators[0].hedge, initiators[pair].boot,
                              lowkey_seed_random, &initiators[pair].seed));
    begin(&initiators[pair], &responders[pair], mode_of(pair));
  }
  for (round = 0; left > 0; round++) {
    CHECK(round < 1000);
    for (left = 2 * PAIRS, pair = 0; pair < PAIRS; pair++) {
      side *i = &initiators[pair], *r = &responders[pair];
      open[0][pair] = step(i, r, mode_of(pair), open[0][pair]);
      open[1][pair] = step(r, i, mode_of(pair), open[1][pair]);
      left -= open[0][pair] + open[1][pair];
    }
  }
}

static void hashes_differ(void) {
  uint8_t hashes[PAIRS][32], here[32];
  int pair, other;
  for (pair = 0; pair < PAIRS; pair++) {
    OK(lowkey_handshake_hash(&initiators[pair].channel, hashes[pair]));
    OK(lowkey_handshake_hash(&responders[pair].channel, here));
    CHECK(memcmp(here, hashes[pair], 32) == 0);
    for (other = 0; other < pair; other++) CHECK(memcmp(hashes[other], hashes[pair], 32) != 0);
  }
}

/* A record of one channel does not open in another, and that one's end is nobody else's. */
static void one_ends_and_the_others_go_on(void) {
  const uint8_t *bytes;
  size_t len, taken;
  int pair;
  lowkey_event event;
  OK(lowkey_send(&initiators[0].channel, (const uint8_t *)"mine", 4));
  OK(lowkey_unsent(&initiators[0].channel, &bytes, &len));
  OK(lowkey_feed(&responders[4].channel, bytes, 2, &taken));
  OK(lowkey_feed(&responders[4].channel, bytes + 2, len - 2, &taken));
  GIVES(LOWKEY_RECORD, lowkey_poll(&responders[4].channel, &event));
  OK(lowkey_channel_wipe(&initiators[4].channel));
  for (pair = 0; pair < PAIRS; pair++) {
    const bool pairs = mode_of(pair) == LOWKEY_XX || mode_of(pair) == LOWKEY_XXPSK0;
    if (pair == 4 || pairs) continue;
    if (pair != 0) OK(lowkey_send(&initiators[pair].channel, (const uint8_t *)"mine", 4));
    OK(next(&responders[pair], &initiators[pair], 1, &event));
    CHECK(event == LOWKEY_EVENT_DATA);
  }
}

int main(void) {
  open_all();
  hashes_differ();
  one_ends_and_the_others_go_on();
  return 0;
}
