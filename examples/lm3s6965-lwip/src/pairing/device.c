/* A device that has keys and a label. */
#include "device.h"

#include <string.h>

#include "bytes.h"
#include "clock.h"
#include "say.h"
#include "stream.h"
#include "uart.h"

/* Milliseconds for TCP's and our handshake together; in a pairing, until the other side has shown that it knows the
 * code. */
#ifndef CONNECT_LIMIT
#define CONNECT_LIMIT 10000u
#endif
/* For the rest of a pairing: at the server a person may have to say yes. */
#define PAIR_LIMIT 150000u
/* For how long the server may say nothing while something is awaited. */
#define PATIENCE 20000u
/* Between two readings. */
#define PAUSE 1000u
/* The longest frame each way with its length field, in bytes. */
#define FRAME 512u

static struct keys *keys;
static const struct label *label;
static lowkey_pairing pairing;
static lowkey_keys dialled;
static lowkey_channel channel;
static uint8_t incoming[FRAME], outgoing[FRAME];
static const lowkey_buffers buffers = {
    .incoming = incoming,
    .incoming_len = sizeof incoming,
    .outgoing = outgoing,
    .outgoing_len = sizeof outgoing,
};
static struct stream stream;
static const lowkey_io io = {.context = &stream, .read = stream_read, .write = stream_write};

lowkey_status device_begin(struct keys *its_keys, const struct label *its_label)
{
    lowkey_pin_store pins;
    keys = its_keys;
    label = its_label;
    const lowkey_status status = lowkey_key_store_pins(&keys->store, &pins);
    return status == LOWKEY_OK ? lowkey_pairing_init(&pairing, &keys->identity, &label->psk, label->name, &pins) : status;
}

/* --- what is said --- */

static void say_why(lowkey_status status)
{
    if (status == LOWKEY_IO) {
        say(stream_why(&stream));
    } else if (status == LOWKEY_DECLINED) {
        say("the server's key was not stored");
    } else {
        say_status("", status);
    }
}

/* What came of a pairing, and what the store has now. */
static void say_paired(lowkey_status status)
{
    lowkey_page page;
    if (status != LOWKEY_OK) {
        uart_text("pairing failed: ");
        say_why(status);
    } else if (lowkey_key_store_pending(&keys->store, &page) == LOWKEY_OK) {
        say_key("paired with ", page.peer_key, ", but pending still");
    } else if (lowkey_key_store_final(&keys->store, &page) == LOWKEY_OK) {
        say_key("paired with ", page.peer_key, ", final");
    }
}

/* --- pairing --- */

/* In a pairing each side writes twice before anything is final. What is written second answers a message that nobody
 * makes without the code, and not by a recording: from then on a person may have to say yes. */
static enum { STRANGER, SPOKEN_TO, ANSWERING, KNOWS_CODE } other_side;

static int32_t pairing_read(void *context, uint8_t *out, size_t len)
{
    if (other_side == SPOKEN_TO) {
        other_side = ANSWERING;
    }
    return stream_read(context, out, len);
}

static int32_t pairing_write(void *context, const uint8_t *bytes, size_t len)
{
    if (other_side == ANSWERING) {
        stream_set_limits(&stream, PAIR_LIMIT, PAIR_LIMIT);
        other_side = KNOWS_CODE;
    } else if (other_side == STRANGER) {
        other_side = SPOKEN_TO;
    }
    return stream_write(context, bytes, len);
}

static const lowkey_io pairing_io = {.context = &stream, .read = pairing_read, .write = pairing_write};

/* Calls the server, or waits until it calls. */
static lowkey_status meet(void)
{
    lowkey_status status;
    if (label->wait == 0) {
        say("pairing: calls the server");
        stream_set_limits(&stream, CONNECT_LIMIT, CONNECT_LIMIT);
        return stream_connect(&stream, label->server.ip, label->server.port);
    }
    status = stream_listen(&stream, label->wait);
    if (status == LOWKEY_OK) {
        uart_text("pairing: waits on port ");
        uart_number(label->wait);
        uart_end();
        status = stream_accept(&stream, DEVICE_WINDOW - clock_now());
    }
    return status;
}

/* One pairing over the connection that there is. */
static lowkey_status pair(void)
{
    const lowkey_status status =
        label->wait == 0 ? lowkey_pairing_initiator(&pairing, &channel, &buffers, &keys->ephemerals)
                         : lowkey_pairing_responder(&pairing, &channel, &buffers);
    other_side = STRANGER;
    stream_set_limits(&stream, CONNECT_LIMIT, CONNECT_LIMIT);
    return status == LOWKEY_OK ? lowkey_pairing_run(&pairing, &channel, &pairing_io, &keys->ephemerals) : status;
}

lowkey_status device_pair(void)
{
    lowkey_status status;
    do {
        other_side = KNOWS_CODE; /* or does not come */
        status = meet();
        if (status == LOWKEY_OK) {
            status = pair();
        }
        say_paired(status);
        if (status == LOWKEY_IO) {
            stream_drop(&stream); /* whoever is not there any more, or silent, has nothing to be told */
        } else {
            if (other_side == KNOWS_CODE) {
                stream_set_limits(&stream, PATIENCE, PATIENCE);
            }
            stream_hang_up(&stream);
        }
        lowkey_channel_wipe(&channel);
        /* A stranger does not end a wait. */
    } while (other_side != KNOWS_CODE && label->wait != 0 && clock_now() < DEVICE_WINDOW);
    return status;
}

/* --- a channel --- */

/* A reading every second, which comes back from a server that echoes. Up to the server's CLOSE. */
static lowkey_status send_readings(void)
{
    for (uint32_t number = 0;; number++) {
        uint8_t reading[4];
        const uint8_t *answer;
        size_t len;
        bool is_last;
        lowkey_event event = LOWKEY_EVENT_END;
        put_u32(reading, number);
        lowkey_status status = lowkey_send(&channel, reading, sizeof reading);
        if (status == LOWKEY_OK) {
            status = lowkey_run(&channel, &io, &event); /* writes it, and waits for what comes */
        }
        if (status == LOWKEY_OK && event == LOWKEY_EVENT_END) {
            return lowkey_finish(&channel, &io);
        }
        if (status == LOWKEY_OK) {
            status = lowkey_take(&channel, &answer, &len, &is_last);
        }
        if (status != LOWKEY_OK) {
            return status;
        }
        if (number == 0) {
            const bool came_back = is_last && len == sizeof reading && memcmp(answer, reading, len) == 0;
            say(came_back ? "a reading out and back" : "another answer than its reading");
        }
        stream_idle(PAUSE);
    }
}

/* The server has the pinned key: if the pinning was pending, it is final now. */
static void confirm(const uint8_t server_key[32])
{
    say_key("channel open, KK, with ", server_key, "");
    const lowkey_status status = lowkey_key_store_confirmed(&keys->store, server_key);
    if (status == LOWKEY_OK) {
        say("pinning final");
    } else {
        say_status("pinning pending: ", status);
    }
}

static lowkey_status open_and_send(const uint8_t server_key[32])
{
    lowkey_event event;
    const lowkey_status status = lowkey_run(&channel, &io, &event); /* LOWKEY_EVENT_OPEN */
    if (status != LOWKEY_OK) {
        return status;
    }
    stream_set_limits(&stream, 0, PATIENCE);
    confirm(server_key);
    return send_readings();
}

/* One channel with the pinning of `page`, until it ends. */
static lowkey_status session(const lowkey_page *page)
{
    uint8_t server_key[LOWKEY_KEY_LEN]; /* that of the page goes when its pinning is final */
    memcpy(server_key, page->peer_key, sizeof server_key);
    lowkey_status status = lowkey_keys_init(&dialled, page);
    if (status == LOWKEY_OK) {
        status = lowkey_kk_initiator(&channel, &buffers, &dialled.pinning, &keys->ephemerals);
    }
    stream_set_limits(&stream, CONNECT_LIMIT, CONNECT_LIMIT);
    if (status == LOWKEY_OK) {
        status = stream_connect(&stream, label->server.ip, label->server.port);
    }
    if (status == LOWKEY_OK) {
        status = open_and_send(server_key);
    }
    if (status == LOWKEY_OK) {
        say("the server closed the channel");
        stream_hang_up(&stream);
    } else {
        say_why(status);
        stream_drop(&stream);
    }
    lowkey_channel_wipe(&channel);
    lowkey_keys_wipe(&dialled);
    return status;
}

lowkey_status device_dial(void)
{
    lowkey_page page;
    lowkey_status status = LOWKEY_NOT_OPEN;
    if (lowkey_key_store_pending(&keys->store, &page) == LOWKEY_OK) {
        status = session(&page);
        if (status == LOWKEY_OK || lowkey_key_store_pending(&keys->store, &page) != LOWKEY_OK) {
            return status; /* that channel was open: the pending pinning is the final one now */
        }
    }
    return lowkey_key_store_final(&keys->store, &page) == LOWKEY_OK ? session(&page) : status;
}
