/* A device that pairs by a code and then connects in KK. What it keeps of the peer lies in RAM. */
#include "fixed.h"
#include "play.h"
#include "replay.h"
#include "roles.h"
#include "row.h"

const uint32_t row_context = sizeof(lowkey_channel);

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
    (void)context, (void)key, (void)code;
    is_final = true;
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

static bool pairs(void)
{
    static const uint8_t label[16] = {REPEAT_8(CODE_BYTE), REPEAT_8(CODE_BYTE)};
    static const lowkey_pin_store pins = {NULL, store, finalise, forget};
    static const lowkey_io io = {NULL, read_recorded, write_nowhere};
    static lowkey_pairing pairing;
    static lowkey_psk of_label;
    uint8_t name[LOWKEY_CODE_NAME_LEN];
    recorded = replay_blob(REPLAY_MODES + 2u * (LOWKEY_XXPSK0 - LOWKEY_KK), &recorded_len);
    /* The code is read and its PSK made; the peer was recorded with another one. */
    return play_as_device() == LOWKEY_OK && lowkey_code_psk(&of_label, label, sizeof label, name) == LOWKEY_OK
        && lowkey_pairing_init(&pairing, &play_identity, &play_psk, (const uint8_t *)ID, &pins) == LOWKEY_OK
        && lowkey_pairing_initiator(&pairing, &play_channel, &play_buffers, &play_ephemerals) == LOWKEY_OK
        && lowkey_pairing_run(&pairing, &play_channel, &io, NULL) == LOWKEY_OK && is_final;
}

bool row_run(void)
{
    return pairs() && kk_initiator(LOWKEY_KK);
}
