/* What the library leaves on the stack. Every mode in both roles is played, and a device of lowkey_kk.h; the objects
 * are made in every way, and a key store goes through its life. The linker puts a function of this file before each of
 * the library's (--wrap). That paints the stack, lets the real one run in frames of their own, and searches them for
 * secrets when it has returned: for our keys and random bytes, and for whatever lies in the objects now or lay in the
 * channel or the device before. */
#include <string.h>

#include "core.h"
#include "device.h"
#include "fixed.h"
#include "play.h"
#include "replay.h"
#include "roles.h"
#include "row.h"
#include "stack.h"
#include "uart.h"

#define WORDS(object) (sizeof(object) / sizeof(uint32_t))
#define SEED_BYTE 0x77
/* A word of four such bytes. */
#define WORD(byte) (0x01010101u * (byte))
/* As much of an object as cannot be there by accident. */
#define ENOUGH 4
/* Room above the frames that are searched, for those of the search. */
#define GAP 128

const uint32_t row_context = sizeof(lowkey_channel);

extern uint32_t stack_end[];

static lowkey_seed seed;
static lowkey_key_store store;
static uint32_t channel_before[WORDS(lowkey_channel)], device_before[WORDS(lowkey_kk)], store_before[WORDS(lowkey_key_store)];
static uint32_t pairing_before[WORDS(lowkey_pairing)];
static unsigned found;

static const uint32_t *deepest(void)
{
    const uint32_t *word = stack_end;
    while (*word == STACK_PAINT) {
        word++;
    }
    return word;
}

static bool is_our_secret(uint32_t word)
{
    static const uint32_t secrets[] = {WORD(DEVICE_KEY_BYTE), WORD(SERVER_KEY_BYTE), WORD(PSK_BYTE), WORD(HEDGE_BYTE),
                                       WORD(0xFF ^ HEDGE_BYTE), WORD(RANDOM_BYTE), WORD(SEED_BYTE),
                                       WORD(CODE_BYTE)};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        if (word == secrets[i]) {
            return true;
        }
    }
    size_t len;
    const uint8_t *shared = replay_blob(REPLAY_SHARED, &len);
    for (size_t i = 0; i + sizeof word <= len; i++) {
        if (memcmp(shared + i, &word, sizeof word) == 0) {
            return true;
        }
    }
    return false;
}

/* A small number, an address in RAM, a counter that stands at its end, or what nobody has written. */
static bool is_plain(uint32_t word)
{
    return word >> 24 == 0 || word >> 24 == 0x20 || word == UINT32_MAX || word == STACK_PAINT;
}

/* Whether what lies there could be a part of a key. */
static bool is_like_a_key(const uint32_t *words)
{
    for (size_t i = 0; i < ENOUGH; i++) {
        if (is_plain(words[i])) {
            return false;
        }
    }
    return true;
}

/* Whether what lies at `stack` lies in the object as well, and could be a part of a key. */
static bool is_in(const uint32_t *stack, const void *object, size_t words)
{
    const uint32_t *word = (const uint32_t *)object;
    if (!is_like_a_key(stack)) {
        return false;
    }
    for (; words >= ENOUGH; words--, word++) {
        if (memcmp(word, stack, ENOUGH * sizeof *word) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_secret(const uint32_t *stack)
{
    return is_our_secret(*stack) || is_in(stack, &play_identity, WORDS(lowkey_identity) / 2)
        || is_in(stack, play_pinning.peer, WORDS(lowkey_peer)) || is_in(stack, &play_psk, WORDS(lowkey_psk))
        || is_in(stack, &play_ephemerals, WORDS(lowkey_ephemerals)) || is_in(stack, &seed, WORDS(lowkey_seed))
        || is_in(stack, &play_channel, WORDS(lowkey_channel)) || is_in(stack, channel_before, WORDS(channel_before))
        || is_in(stack, &device, WORDS(lowkey_kk)) || is_in(stack, device_before, WORDS(device_before))
        || is_in(stack, &store, WORDS(lowkey_key_store)) || is_in(stack, store_before, WORDS(store_before))
        || is_in(stack, &pairing, WORDS(lowkey_pairing)) || is_in(stack, pairing_before, WORDS(pairing_before));
}

static void __attribute__((noinline)) paint(void)
{
    memcpy(channel_before, &play_channel, sizeof channel_before);
    memcpy(device_before, &device, sizeof device_before);
    memcpy(store_before, &store, sizeof store_before);
    memcpy(pairing_before, &pairing, sizeof pairing_before);
    for (volatile uint32_t *word = stack_end; word < core_stack(); word++) {
        *word = STACK_PAINT;
    }
}

static void __attribute__((noinline)) search(const char *call)
{
    /* Above it are the frames of the search. */
    const uint32_t *top = core_stack() - (GAP - 8);
    for (const uint32_t *word = deepest(); word < top; word++) {
        if (is_secret(word)) {
            found++;
            uart_text("after ");
            uart_text(call);
            uart_text(" a secret lies ");
            uart_number((uint32_t)((uintptr_t)top - (uintptr_t)word));
            uart_text(" B down");
            uart_end();
            return;
        }
    }
}

#define WATCHED(name, parameters, ...)                                                                                 \
    lowkey_status __real_##name parameters;                                                                            \
    lowkey_status __wrap_##name parameters;                                                                            \
    static __attribute__((noinline)) lowkey_status beneath_##name parameters                                           \
    {                                                                                                                  \
        volatile uint32_t gap[GAP];                                                                                    \
        gap[0] = (uint32_t)__real_##name(__VA_ARGS__);                                                                 \
        return (lowkey_status)gap[0];                                                                                  \
    }                                                                                                                  \
    lowkey_status __wrap_##name parameters                                                                             \
    {                                                                                                                  \
        paint();                                                                                                       \
        const lowkey_status status = beneath_##name(__VA_ARGS__);                                                      \
        search(#name);                                                                                                 \
        return status;                                                                                                 \
    }

/* clang-format off: one a line, the linker's options are made of them */
WATCHED(lowkey_identity_init, (lowkey_identity *o, const uint8_t private_key[32], const uint8_t public_key[32]), o, private_key, public_key)
WATCHED(lowkey_peer_init, (lowkey_peer *o, const lowkey_identity *i, const uint8_t public_key[32], const uint8_t shared[32]), o, i, public_key, shared)
WATCHED(lowkey_psk_init, (lowkey_psk *o, const uint8_t bytes[32]), o, bytes)
WATCHED(lowkey_ephemerals_init, (lowkey_ephemerals *o, const uint8_t hedge[32], uint64_t boot, lowkey_random r, void *c), o, hedge, boot, r, c)
WATCHED(lowkey_seed_init, (lowkey_seed *o, const uint8_t bytes[32]), o, bytes)
WATCHED(lowkey_seed_stir, (lowkey_seed *o, const uint8_t *noise, size_t len), o, noise, len)
WATCHED(lowkey_page_read, (lowkey_page *page, const uint8_t *flash, size_t len), page, flash, len)
WATCHED(lowkey_peer_shared, (const lowkey_peer *o, uint8_t shared[32]), o, shared)
WATCHED(lowkey_kk_initiator, (lowkey_channel *o, const lowkey_buffers *m, const lowkey_pinning *w, lowkey_ephemerals *e), o, m, w, e)
WATCHED(lowkey_xx_initiator, (lowkey_channel *o, const lowkey_buffers *m, const lowkey_identity *i, const lowkey_psk *p, const uint8_t *id, size_t len, lowkey_ephemerals *e), o, m, i, p, id, len, e)
WATCHED(lowkey_responder, (lowkey_channel *o, const lowkey_buffers *m), o, m)
WATCHED(lowkey_answer_kk, (lowkey_channel *o, const lowkey_pinning *w, lowkey_ephemerals *e), o, w, e)
WATCHED(lowkey_answer_xx, (lowkey_channel *o, const lowkey_identity *i, const lowkey_psk *p, lowkey_ephemerals *e), o, i, p, e)
WATCHED(lowkey_accept, (lowkey_channel *o), o)
WATCHED(lowkey_poll, (lowkey_channel *o, lowkey_event *event), o, event)
WATCHED(lowkey_unsent, (lowkey_channel *o, const uint8_t **bytes, size_t *len), o, bytes, len)
WATCHED(lowkey_feed, (lowkey_channel *o, const uint8_t *bytes, size_t len, size_t *taken), o, bytes, len, taken)
WATCHED(lowkey_send, (lowkey_channel *o, const uint8_t *message, size_t len), o, message, len)
WATCHED(lowkey_take, (lowkey_channel *o, const uint8_t **data, size_t *len, bool *is_last), o, data, len, is_last)
WATCHED(lowkey_close, (lowkey_channel *o), o)
WATCHED(lowkey_channel_wipe, (lowkey_channel *o), o)
WATCHED(lowkey_code_psk, (lowkey_psk *o, const uint8_t *code, size_t len, uint8_t name[8]), o, code, len, name)
WATCHED(lowkey_code_text_psk, (lowkey_psk *o, const uint8_t *text, size_t len, uint8_t name[8]), o, text, len, name)
WATCHED(lowkey_pairing_init, (lowkey_pairing *o, const lowkey_identity *i, const lowkey_psk *p, const uint8_t code[8], const lowkey_pin_store *s), o, i, p, code, s)
WATCHED(lowkey_pairing_initiator, (lowkey_pairing *o, lowkey_channel *c, const lowkey_buffers *m, lowkey_ephemerals *e), o, c, m, e)
WATCHED(lowkey_pairing_responder, (lowkey_pairing *o, lowkey_channel *c, const lowkey_buffers *m), o, c, m)
WATCHED(lowkey_pairing_poll, (lowkey_pairing *o, lowkey_channel *c, lowkey_ephemerals *e, lowkey_event *event), o, c, e, event)
WATCHED(lowkey_pairing_run, (lowkey_pairing *o, lowkey_channel *c, const lowkey_io *io, lowkey_ephemerals *e), o, c, io, e)
WATCHED(lowkey_kk_init, (lowkey_kk *o, const lowkey_page *p, const lowkey_buffers *m, uint64_t boot, lowkey_random r, void *c), o, p, m, boot, r, c)
WATCHED(lowkey_kk_begin, (lowkey_kk *o), o)
WATCHED(lowkey_kk_poll, (lowkey_kk *o, lowkey_event *event), o, event)
WATCHED(lowkey_kk_unsent, (lowkey_kk *o, const uint8_t **bytes, size_t *len), o, bytes, len)
WATCHED(lowkey_kk_sent, (lowkey_kk *o, size_t len), o, len)
WATCHED(lowkey_kk_feed, (lowkey_kk *o, const uint8_t *bytes, size_t len, size_t *taken), o, bytes, len, taken)
WATCHED(lowkey_kk_send, (lowkey_kk *o, const uint8_t *message, size_t len), o, message, len)
WATCHED(lowkey_kk_take, (lowkey_kk *o, const uint8_t **data, size_t *len, bool *is_last), o, data, len, is_last)
WATCHED(lowkey_kk_close, (lowkey_kk *o), o)
WATCHED(lowkey_kk_wipe, (lowkey_kk *o), o)
WATCHED(lowkey_key_store_open, (lowkey_key_store *o, const lowkey_flash *flash, lowkey_clear clear), o, flash, clear)
WATCHED(lowkey_key_store_make_keys, (lowkey_key_store *o, lowkey_random r, void *c), o, r, c)
WATCHED(lowkey_key_store_start, (lowkey_key_store *o, uint64_t *boot), o, boot)
WATCHED(lowkey_key_store_stir, (lowkey_key_store *o, const uint8_t *noise, size_t len), o, noise, len)
WATCHED(lowkey_key_store_own, (const lowkey_key_store *o, lowkey_page *page), o, page)
WATCHED(lowkey_key_store_pending, (lowkey_key_store *o, lowkey_page *page), o, page)
WATCHED(lowkey_key_store_final, (lowkey_key_store *o, lowkey_page *page), o, page)
WATCHED(lowkey_key_store_pins, (lowkey_key_store *o, lowkey_pin_store *pins), o, pins)
WATCHED(lowkey_key_store_confirmed, (lowkey_key_store *o, const uint8_t peer_key[32]), o, peer_key)
WATCHED(lowkey_key_store_set_address, (lowkey_key_store *o, const char *address, size_t len), o, address, len)
WATCHED(lowkey_key_store_forget, (lowkey_key_store *o), o)
/* clang-format on */

/* A leak, as a function that copies a part of a secret and forgets the copy. */
static __attribute__((noinline)) void planted(const uint32_t *secret)
{
    volatile uint32_t gap[GAP + 16];
    for (size_t i = 0; i < ENOUGH; i++) {
        gap[i] = secret[i];
        (void)gap[i];
    }
}

static bool is_planted_leak_found(const uint32_t *secret)
{
    paint();
    planted(secret);
    search("a planted leak, which has to be found,");
    return found-- == 1;
}

/* A key that we gave, and one that a device has made. */
static bool are_planted_leaks_found(void)
{
    uint32_t key[ENOUGH];
    memset(key, DEVICE_KEY_BYTE, sizeof key);
    const uint32_t *word = (const uint32_t *)&device;
    const uint32_t *end = word + WORDS(device) - ENOUGH;
    bool well = is_planted_leak_found(key) && device_kk();
    while (word < end && !is_like_a_key(word)) {
        word++;
    }
    return well && is_planted_leak_found(word);
}

/* The ways of making an object that no role takes. */
static bool objects(void)
{
    static const uint8_t noise[3] = {1, 2, 3};
    static uint8_t page_bytes[LOWKEY_PAGE_LEN] = {'L', 'K', 'P', 'G', 1, 0, 8};
    static uint8_t bytes[LOWKEY_KEY_LEN];
    static lowkey_peer peer;
    lowkey_page page;
    size_t len;
    memset(bytes, DEVICE_KEY_BYTE, sizeof bytes);
    bool well = lowkey_identity_init(&play_identity, bytes, NULL) == LOWKEY_OK
        && lowkey_peer_init(&peer, &play_identity, replay_blob(REPLAY_SERVER_KEY, &len), NULL) == LOWKEY_OK
        && lowkey_peer_shared(&peer, bytes) == LOWKEY_OK;
    memset(bytes, SEED_BYTE, sizeof bytes);
    well = well && lowkey_seed_init(&seed, bytes) == LOWKEY_OK && lowkey_seed_stir(&seed, noise, sizeof noise) == LOWKEY_OK;
    memset(bytes, HEDGE_BYTE, sizeof bytes);
    well = well && lowkey_ephemerals_init(&play_ephemerals, bytes, BOOT, lowkey_seed_random, &seed) == LOWKEY_OK
        && lowkey_kk_initiator(&play_channel, &play_buffers, &play_pinning, &play_ephemerals) == LOWKEY_OK
        && lowkey_channel_wipe(&play_channel) == LOWKEY_OK;
    /* All of it is read to find that its check is wrong. */
    memset(page_bytes + 104, DEVICE_KEY_BYTE, sizeof page_bytes - 104);
    return well && lowkey_page_read(&page, page_bytes, sizeof page_bytes) == LOWKEY_PAGE_DAMAGED;
}

/* A code as people type it. */
static bool typed_code(void)
{
    static const uint8_t text[] = "LJNFUWS2LJNFUWS2LJNFUWS2LI"; /* CODE_BYTE, 16 times */
    static lowkey_psk psk;
    uint8_t name[LOWKEY_CODE_NAME_LEN];
    lowkey_event event;
    return lowkey_code_text_psk(&psk, text, sizeof text - 1, name) == LOWKEY_OK
        && lowkey_pairing_initiator(&pairing, &play_channel, &play_buffers, &play_ephemerals) == LOWKEY_OK
        && lowkey_pairing_poll(&pairing, &play_channel, NULL, &event) == LOWKEY_OK;
}

#define BANK 1024
#define UNIT 4

static uint8_t banks[2][BANK];

static int32_t read_bank(void *context, uint32_t bank, size_t offset, uint8_t *bytes, size_t len)
{
    (void)context;
    memcpy(bytes, banks[bank] + offset, len);
    return 0;
}

static int32_t program_bank(void *context, uint32_t bank, size_t offset, const uint8_t *unit, size_t len)
{
    (void)context;
    memcpy(banks[bank] + offset, unit, len);
    return 0;
}

static int32_t clear_bank(void *context, uint32_t bank, size_t offset, size_t len)
{
    (void)context;
    memset(banks[bank] + offset, 0, len);
    return 0;
}

static int32_t erase_bank(void *context, uint32_t bank)
{
    (void)context;
    memset(banks[bank], 0xFF, BANK);
    return 0;
}

static int32_t noise(void *context, uint8_t *out, size_t len)
{
    uint32_t *state = (uint32_t *)context;
    for (; len > 0; len--) {
        *state ^= *state << 13;
        *state ^= *state >> 17;
        *state ^= *state << 5;
        *out++ = (uint8_t)(*state >> 11);
    }
    return 0;
}

/* A key store of a device that makes its keys, pairs and is reset; with units that can be cleared, and without. */
static bool key_store(lowkey_clear clear)
{
    static const lowkey_flash flash = {NULL, UNIT, BANK, read_bank, program_bank, erase_bank};
    static const uint8_t name[LOWKEY_CODE_NAME_LEN] = {1}, stirred[3] = {1, 2, 3};
    static uint8_t shared[LOWKEY_KEY_LEN];
    size_t len;
    const uint8_t *peer = replay_blob(REPLAY_SERVER_KEY, &len);
    uint32_t state = 1;
    uint64_t boot;
    lowkey_page page;
    lowkey_pin_store pins;
    memset(banks, 0xFF, sizeof banks);
    memset(shared, PSK_BYTE, sizeof shared);
    return lowkey_key_store_open(&store, &flash, clear) == LOWKEY_OK
        && lowkey_key_store_make_keys(&store, noise, &state) == LOWKEY_OK
        && lowkey_key_store_open(&store, &flash, clear) == LOWKEY_OK
        && lowkey_key_store_start(&store, &boot) == LOWKEY_OK
        && lowkey_key_store_stir(&store, stirred, sizeof stirred) == LOWKEY_OK
        && lowkey_key_store_own(&store, &page) == LOWKEY_OK
        && lowkey_identity_init(&play_identity, page.private_key, page.public_key) == LOWKEY_OK
        && lowkey_ephemerals_init(&play_ephemerals, page.hedge, boot, lowkey_key_store_random, &store) == LOWKEY_OK
        && lowkey_key_store_pins(&store, &pins) == LOWKEY_OK && pins.store(pins.context, peer, shared, name) == 0
        && lowkey_key_store_pending(&store, &page) == LOWKEY_OK
        && lowkey_key_store_confirmed(&store, peer) == LOWKEY_OK
        && lowkey_key_store_final(&store, &page) == LOWKEY_OK
        && lowkey_key_store_set_address(&store, "a:1", 3) == LOWKEY_OK
        && lowkey_key_store_start(&store, &boot) == LOWKEY_OK && lowkey_key_store_forget(&store) == LOWKEY_OK
        && lowkey_key_store_wipe(&store) == LOWKEY_OK;
}

bool row_run(void)
{
    return are_planted_leaks_found() && device_kk_psk0() && lowkey_kk_wipe(&device) == LOWKEY_OK
        && kk_initiator(LOWKEY_KK) && kk_initiator(LOWKEY_KKPSK0) && kk_responder(LOWKEY_KK)
        && kk_responder(LOWKEY_KKPSK0) && xx_initiator(LOWKEY_XX) && xx_initiator(LOWKEY_XXPSK0) && xx_responder(LOWKEY_XX)
        && xx_responder(LOWKEY_XXPSK0) && pairing_initiator() && pairing_responder() && typed_code() && objects()
        && key_store(clear_bank) && key_store(NULL) && found == 0;
}
