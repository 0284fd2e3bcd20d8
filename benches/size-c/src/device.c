/* A device that connects to its server, as one object: lowkey_kk.h. */
#include "device.h"

#include <stddef.h>

#include "fixed.h"
#include "replay.h"

static const uint8_t private_key[LOWKEY_KEY_LEN] = REPEAT_32(DEVICE_KEY_BYTE);
static const uint8_t hedge[LOWKEY_KEY_LEN] = REPEAT_32(HEDGE_BYTE);
static const uint8_t psk[LOWKEY_KEY_LEN] = REPEAT_32(PSK_BYTE);
static const uint8_t message[MESSAGE_LEN] = {OUR_MESSAGE_BYTE};

static uint8_t incoming[LOWKEY_MIN_INCOMING], outgoing[LOWKEY_MIN_OUTGOING];
static const lowkey_buffers buffers = {incoming, sizeof incoming, outgoing, sizeof outgoing, 0, 0};

lowkey_kk device;
static lowkey_outbox outbox;
static uint8_t waiting[256];

static lowkey_status init(lowkey_page *page, const uint8_t *shared_with)
{
    size_t len;
    page->id = (const uint8_t *)ID;
    page->id_len = ID_LEN;
    page->private_key = private_key;
    page->public_key = replay_blob(REPLAY_DEVICE_KEY, &len);
    page->peer_key = replay_blob(REPLAY_SERVER_KEY, &len);
    page->shared = replay_blob(REPLAY_SHARED, &len);
    page->hedge = hedge;
    page->psk = shared_with;
    return lowkey_kk_init(&device, page, &buffers, BOOT, replay_random, NULL);
}

static lowkey_status begin(const uint8_t *shared_with)
{
    lowkey_page page;
    const lowkey_status status = init(&page, shared_with);
    return status == LOWKEY_OK ? lowkey_kk_begin(&device) : status;
}

static lowkey_status write_unsent(void)
{
    const uint8_t *bytes;
    size_t len;
    const lowkey_status status = lowkey_kk_unsent(&device, &bytes, &len);
    return status == LOWKEY_OK ? lowkey_kk_sent(&device, len) : status;
}

static lowkey_status read_recorded(const uint8_t **bytes, size_t *len)
{
    size_t taken = 0;
    const lowkey_status status = lowkey_kk_feed(&device, *bytes, *len, &taken);
    *bytes += taken;
    *len -= taken;
    return status == LOWKEY_OK && taken == 0 ? LOWKEY_TRUNCATED : status;
}

static lowkey_status take(void)
{
    const uint8_t *data;
    size_t len;
    bool is_last;
    const lowkey_status status = lowkey_kk_take(&device, &data, &len, &is_last);
    return status == LOWKEY_OK && (len != MESSAGE_LEN || !is_last) ? LOWKEY_TRUNCATED : status;
}

/* Drives the device to its end with what was recorded. */
static bool play(unsigned mode)
{
    lowkey_event event;
    lowkey_status status;
    size_t len;
    const uint8_t *bytes = replay_blob(REPLAY_MODES + 2u * mode, &len);
    while ((status = lowkey_kk_poll(&device, &event)) == LOWKEY_OK) {
        switch (event) {
        case LOWKEY_EVENT_WRITE:
            status = write_unsent();
            break;
        case LOWKEY_EVENT_READ:
            status = read_recorded(&bytes, &len);
            break;
        case LOWKEY_EVENT_OPEN:
            status = lowkey_kk_send(&device, message, sizeof message);
            break;
        case LOWKEY_EVENT_DATA:
            status = take();
            break;
        default:
            return len == 0 && lowkey_kk_close(&device) == LOWKEY_OK && write_unsent() == LOWKEY_OK;
        }
        if (status != LOWKEY_OK) {
            return false;
        }
    }
    return false;
}

bool device_kk(void)
{
    return begin(NULL) == LOWKEY_OK && play(0);
}

bool device_kk_psk0(void)
{
    return begin(psk) == LOWKEY_OK && play(1);
}

static lowkey_status begin_with_outbox(void)
{
    lowkey_page page;
    uint8_t run[LOWKEY_RUN_LEN];
    lowkey_status status = init(&page, NULL);
    if (status == LOWKEY_OK) {
        status = lowkey_page_run(&page, run);
    }
    if (status == LOWKEY_OK) {
        status = lowkey_outbox_init(&outbox, waiting, sizeof waiting, run, BOOT);
    }
    if (status == LOWKEY_OK) {
        status = lowkey_outbox_push(&outbox, message, sizeof message);
    }
    if (status == LOWKEY_OK) {
        status = lowkey_kk_set_outbox(&device, &outbox);
    }
    return status == LOWKEY_OK ? lowkey_kk_begin(&device) : status;
}

bool device_outbox(void)
{
    lowkey_event event;
    lowkey_status status = begin_with_outbox();
    size_t len;
    const uint8_t *bytes = replay_blob(REPLAY_OUTBOX, &len);
    while (status == LOWKEY_OK && (status = lowkey_kk_poll(&device, &event)) == LOWKEY_OK) {
        switch (event) {
        case LOWKEY_EVENT_WRITE:
            status = write_unsent();
            break;
        case LOWKEY_EVENT_READ:
            status = lowkey_kk_send_outbox(&device);
            if (status == LOWKEY_OK || status == LOWKEY_NOT_OPEN) {
                status = read_recorded(&bytes, &len);
            } else if (status == LOWKEY_WOULD_BLOCK) {
                status = LOWKEY_OK;
            }
            break;
        case LOWKEY_EVENT_DATA:
            status = take();
            break;
        case LOWKEY_EVENT_END:
            return len == 0 && lowkey_outbox_is_empty(&outbox) && lowkey_kk_close(&device) == LOWKEY_OK &&
                   write_unsent() == LOWKEY_OK;
        default:
            break;
        }
    }
    return false;
}
