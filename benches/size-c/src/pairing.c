/* Pairing with a code, from both sides. What is kept of the peer lies in RAM. */
#include "fixed.h"
#include "play.h"
#include "replay.h"
#include "roles.h"

lowkey_pairing pairing;

static uint8_t peer_key[LOWKEY_KEY_LEN];
static bool is_final;

static int32_t store(void *context, const uint8_t *key, const uint8_t *shared, const uint8_t *code)
{
    (void)context, (void)shared, (void)code;
    for (size_t i = 0; i < LOWKEY_KEY_LEN; i++) {
        peer_key[i] = key[i];
    }
    return 0;
}

static void finalise(void *context, const uint8_t *key, const uint8_t *code)
{
    (void)context, (void)code;
    is_final = peer_key[0] == key[0];
}

static void forget(void *context, const uint8_t *key, const uint8_t *code)
{
    (void)context, (void)code;
    is_final = is_final && peer_key[0] != key[0];
}

/* What the recorded peer has sent and we have not read. */
static const uint8_t *recorded;
static size_t recorded_len;

static int32_t read_recorded(void *context, uint8_t *out, size_t len)
{
    (void)context;
    size_t n = 0;
    for (; n < len && recorded_len > 0; n++, recorded_len--) {
        out[n] = *recorded++;
    }
    return (int32_t)n;
}

static int32_t write_nowhere(void *context, const uint8_t *bytes, size_t len)
{
    (void)context, (void)bytes;
    return (int32_t)len;
}

static const lowkey_io io = {NULL, read_recorded, write_nowhere};

/* The code is read and its PSK made; the peer was recorded with another one. */
static bool takes_the_code(size_t at_responder)
{
    static const uint8_t label[16] = {REPEAT_8(CODE_BYTE), REPEAT_8(CODE_BYTE)};
    static const lowkey_pin_store pins = {NULL, store, finalise, forget};
    static lowkey_psk of_label;
    uint8_t name[LOWKEY_CODE_NAME_LEN];
    recorded = replay_blob(REPLAY_MODES + 2u * (LOWKEY_XXPSK0 - LOWKEY_KK) + at_responder, &recorded_len);
    is_final = false;
    return lowkey_code_psk(&of_label, label, sizeof label, name) == LOWKEY_OK
        && lowkey_pairing_init(&pairing, &play_identity, &play_psk, (const uint8_t *)ID, &pins) == LOWKEY_OK;
}

bool pairing_initiator(void)
{
    return play_as_device() == LOWKEY_OK && takes_the_code(0)
        && lowkey_pairing_initiator(&pairing, &play_channel, &play_buffers, &play_ephemerals) == LOWKEY_OK
        && lowkey_pairing_run(&pairing, &play_channel, &io, NULL) == LOWKEY_OK && is_final;
}

bool pairing_responder(void)
{
    return play_as_server() == LOWKEY_OK && takes_the_code(1)
        && lowkey_pairing_responder(&pairing, &play_channel, &play_buffers) == LOWKEY_OK
        && lowkey_pairing_run(&pairing, &play_channel, &io, &play_ephemerals) == LOWKEY_OK && is_final;
}
