/* What happens once at a start of a device that pairs. */
#include "keys.h"

#include "entropy.h"
#include "flash.h"
#include "noise.h"
#include "say.h"

static lowkey_key_store *drawn_from;

/* The store, and keys in it. */
static lowkey_status open_store(lowkey_key_store *store, enum button held)
{
    lowkey_status status = held == BUTTON_SELECT ? lowkey_key_store_start_over(store, &flash_log, flash_clear)
                                                 : lowkey_key_store_open(store, &flash_log, flash_clear);
    if (status == LOWKEY_OK && held == BUTTON_DOWN) {
        status = lowkey_key_store_forget(store);
        if (status == LOWKEY_OK) {
            say("forgot its keys and pinnings; which codes are spent it remembers");
        }
    }
    if (status == LOWKEY_OK && !lowkey_key_store_has_keys(store)) {
        status = lowkey_key_store_make_keys(store, noise_fill, NULL);
        if (status == LOWKEY_OK) {
            say("made its keys");
        }
    }
    return status;
}

/* What is made of the device's own keys, and of what only this start has. */
static lowkey_status begin_start(struct keys *keys)
{
    lowkey_page own;
    lowkey_status status = lowkey_key_store_start(&keys->store, &keys->boot);
    if (status == LOWKEY_OK) {
        status = lowkey_key_store_own(&keys->store, &own);
    }
    if (status == LOWKEY_OK) {
        say_key("fingerprint ", own.public_key, "");
        status = lowkey_identity_init(&keys->identity, own.private_key, own.public_key);
    }
    if (status == LOWKEY_OK) {
        status = lowkey_ephemerals_init(&keys->ephemerals, own.hedge, keys->boot, lowkey_key_store_random, &keys->store);
    }
    return status;
}

lowkey_status keys_start(struct keys *keys, enum button held)
{
    const lowkey_status status = open_store(&keys->store, held);
    drawn_from = &keys->store;
    return status == LOWKEY_OK ? begin_start(keys) : status;
}

/* lwIP asks this for its ports and sequence numbers, and cannot be told of a failure. */
uint32_t entropy_word(void)
{
    uint32_t word = 0;
    return lowkey_key_store_random(drawn_from, (uint8_t *)&word, sizeof word) == 0 ? word : 0;
}
