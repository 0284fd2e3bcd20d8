/* The firmware: opens a channel to its server, sends readings, does what the server asks, and comes back when the
 * server goes away.
 *
 * The image holds no key. The key page says who this device is, whom it trusts and where to find it; the boot log says
 * which start this is. */
#include "board.h"
#include "boot.h"
#include "channel.h"
#include "clock.h"
#include "entropy.h"
#include "ethernet.h"
#include "halt.h"
#include "network.h"
#include "readings.h"
#include "session.h"
#include "stack.h"
#include "uart.h"

/* Milliseconds for TCP's and our handshake together. Enough on Ethernet; a slow radio needs more, and so does its
 * server. */
#ifndef CONNECT_LIMIT
#define CONNECT_LIMIT 10000u
#endif
/* Milliseconds before the next attempt, at most; the demo has no time to wait for a server that was killed on
 * purpose. */
#ifdef DEMO
#define FIRST_PAUSE 100u
#else
#define FIRST_PAUSE 500u
#endif
#define LONGEST_PAUSE 30000u

static struct device device;
static struct channel channel;
static struct session session;
static bool is_open;
static uint32_t open_since;
static lowkey_backoff backoff;
static uint32_t pause, paused; /* the pause that is going on, and since when it is */

static void say(const char *text)
{
    uart_text(text);
    uart_end();
}

static void begin_pause(void)
{
    uart_text("stack peak ");
    uart_number(stack_peak());
    uart_text(" B, again in ");
    uart_number(pause);
    uart_text(" ms");
    uart_end();
    paused = clock_now();
}

static void no_channel(lowkey_status status, const char *why)
{
    uart_text("no channel: ");
    say(why);
    if (lowkey_backoff_failed(&backoff, status, entropy_word(), &pause) != LOWKEY_OK) {
        pause = LONGEST_PAUSE;
    }
    begin_pause();
}

static void connect(void)
{
    /* When the network, the server and the timer let us come here is the one noise this part has. */
    entropy_stir();
    const uint8_t *const ip = device.server.ip;
    ip_addr_t server;
    IP_ADDR4(&server, ip[0], ip[1], ip[2], ip[3]);
    const lowkey_status status = channel_connect(&channel, &device.keys.pinning, &device.ephemerals, &server,
                                                 device.server.port, CONNECT_LIMIT);
    if (status != LOWKEY_OK) {
        no_channel(status, lowkey_status_text(status));
    }
}

static void opened(void)
{
    uint8_t hash[32];
    uart_text("channel open, ");
    uart_text(device.keys.pinning.psk != NULL ? "KKpsk0" : "KK");
    if (lowkey_handshake_hash(&channel.lowkey, hash) == LOWKEY_OK) {
        uart_text(", hash ");
        uart_hex(hash, 8);
    }
    uart_end();
    is_open = true;
    open_since = clock_now();
    session_begin(&session);
}

static void ended(const char *why)
{
    if (!is_open) {
        no_channel(channel_status(&channel), why);
        return;
    }
    say(why);
    is_open = false;
    /* That it opened is not enough to come back soon: behind a server whose service is dead every channel does. */
    if (lowkey_backoff_ended(&backoff, clock_since(open_since), session.received, entropy_word(), &pause) != LOWKEY_OK) {
        pause = LONGEST_PAUSE;
    }
    begin_pause();
}

/* Does what can be done about one event of the channel. */
static void handle(enum channel_event event)
{
    switch (event) {
    case CHANNEL_OPEN:
        opened();
        break;
    case CHANNEL_DATA:
        if (!session_receive(&session, &channel)) {
            channel_drop(&channel);
            ended("the server sent something else");
        }
        break;
    case CHANNEL_CLOSED:
        ended("the server closed the channel");
        break;
    case CHANNEL_FAILED:
        ended(channel_why(&channel));
        break;
    case CHANNEL_NOTHING:
        break;
    }
}

static void work(void)
{
    if (!channel_is_active(&channel)) {
        if (clock_since(paused) >= pause) {
            connect();
        }
        return;
    }
    enum channel_event event;
    do {
        event = channel_poll(&channel);
        handle(event);
        if (is_open) {
            session_send(&session, &channel);
        }
    } while (event != CHANNEL_NOTHING);
}

int main(void)
{
    board_start();
    uart_start();
    clock_start();
    say("lowkey on an LM3S6965");
    const char *const wrong = boot_start(&device);
    if (wrong != NULL) {
        /* A device without keys, or that cannot count its starts, does nothing at all. */
        say(wrong);
        halt();
    }
    uart_text("boot ");
    uart_number((uint32_t)device.boot);
    uart_text(", server ");
    uart_characters(device.page.address, device.page.address_len);
    uart_end();
    if (lowkey_backoff_init(&backoff, FIRST_PAUSE, LONGEST_PAUSE) != LOWKEY_OK) {
        halt();
    }
    readings_start();
    network_start();
    connect();
    for (;;) {
        network_poll();
        work();
        ethernet_sleep();
    }
}
