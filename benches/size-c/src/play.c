/* Keys, buffers and the loop over events that every row has but the empty one. */
#include "play.h"

#include "fixed.h"
#include "replay.h"

#define COMPLEMENT(byte) (0xFF ^ (byte))

/* Our secrets in one role, and where the public keys lie. */
typedef struct {
    uint8_t private_key[LOWKEY_KEY_LEN];
    uint8_t hedge[LOWKEY_KEY_LEN];
    uint8_t our_key;
    uint8_t peer_key;
} role;

static const role device = {REPEAT_32(DEVICE_KEY_BYTE), REPEAT_32(HEDGE_BYTE), REPLAY_DEVICE_KEY, REPLAY_SERVER_KEY};
static const role server = {REPEAT_32(SERVER_KEY_BYTE), REPEAT_32(COMPLEMENT(HEDGE_BYTE)), REPLAY_SERVER_KEY,
                            REPLAY_DEVICE_KEY};
static const uint8_t psk_bytes[LOWKEY_KEY_LEN] = REPEAT_32(PSK_BYTE);
static const uint8_t message[MESSAGE_LEN] = {OUR_MESSAGE_BYTE};

static lowkey_peer peer;
static uint8_t incoming[LOWKEY_MIN_INCOMING], outgoing[LOWKEY_MIN_OUTGOING];

lowkey_identity play_identity;
lowkey_psk play_psk;
lowkey_ephemerals play_ephemerals;
lowkey_channel play_channel;
lowkey_pinning play_pinning = {&play_identity, &peer, NULL, (const uint8_t *)ID, ID_LEN};
const lowkey_buffers play_buffers = {incoming, sizeof incoming, outgoing, sizeof outgoing, 0, 0};

static lowkey_status take_on(const role *we)
{
    size_t len;
    lowkey_status status = lowkey_identity_init(&play_identity, we->private_key, replay_blob(we->our_key, &len));
    if (status == LOWKEY_OK) {
        const uint8_t *shared = replay_blob(REPLAY_SHARED, &len);
        status = lowkey_peer_init(&peer, &play_identity, replay_blob(we->peer_key, &len), shared);
    }
    if (status == LOWKEY_OK) {
        status = lowkey_psk_init(&play_psk, psk_bytes);
    }
    if (status == LOWKEY_OK) {
        status = lowkey_ephemerals_init(&play_ephemerals, we->hedge, BOOT, replay_random, NULL);
    }
    return status;
}

lowkey_status play_as_device(void)
{
    return take_on(&device);
}

lowkey_status play_as_server(void)
{
    return take_on(&server);
}

static lowkey_status write_unsent(void)
{
    const uint8_t *bytes;
    size_t len;
    const lowkey_status status = lowkey_unsent(&play_channel, &bytes, &len);
    return status == LOWKEY_OK ? lowkey_sent(&play_channel, len) : status;
}

static lowkey_status read_recorded(const uint8_t **bytes, size_t *len)
{
    size_t taken = 0;
    if (*len == 0) {
        return lowkey_feed_end(&play_channel);
    }
    const lowkey_status status = lowkey_feed(&play_channel, *bytes, *len, &taken);
    *bytes += taken;
    *len -= taken;
    return status;
}

static lowkey_status begin(const play_answers *answers)
{
    /* A pairing carries no messages. */
    return answers->claim != NULL ? lowkey_close(&play_channel) : lowkey_send(&play_channel, message, sizeof message);
}

static lowkey_status take(void)
{
    const uint8_t *data;
    size_t len;
    bool is_last;
    const lowkey_status status = lowkey_take(&play_channel, &data, &len, &is_last);
    return status == LOWKEY_OK && (len != MESSAGE_LEN || !is_last) ? LOWKEY_TRUNCATED : status;
}

static lowkey_status ask(lowkey_status (*answer)(void))
{
    return answer != NULL ? answer() : LOWKEY_OUT_OF_TURN;
}

bool play(lowkey_mode mode, const play_answers *answers)
{
    lowkey_event event;
    lowkey_status status;
    size_t len;
    const size_t at_responder = answers->hello != NULL;
    const uint8_t *bytes = replay_blob(REPLAY_MODES + 2u * (size_t)(mode - LOWKEY_KK) + at_responder, &len);
    while ((status = lowkey_poll(&play_channel, &event)) == LOWKEY_OK) {
        switch (event) {
        case LOWKEY_EVENT_WRITE:
            status = write_unsent();
            break;
        case LOWKEY_EVENT_READ:
            status = read_recorded(&bytes, &len);
            break;
        case LOWKEY_EVENT_HELLO:
            status = ask(answers->hello);
            break;
        case LOWKEY_EVENT_CLAIM:
            status = ask(answers->claim);
            break;
        case LOWKEY_EVENT_OPEN:
            status = begin(answers);
            break;
        case LOWKEY_EVENT_DATA:
            status = take();
            break;
        default:
            return len == 0 && lowkey_close(&play_channel) == LOWKEY_OK && write_unsent() == LOWKEY_OK;
        }
        if (status != LOWKEY_OK) {
            return false;
        }
    }
    return false;
}
