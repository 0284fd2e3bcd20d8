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

/* In words, if the image has them. */
static void say_status(lowkey_status status)
{
#ifdef TEXTS
    say(lowkey_status_text(status));
#else
    uart_text("status ");
    uart_number((uint32_t)status);
    uart_end();
#endif
}

/* Why there is no channel any more. */
static void say_why(void)
{
    if (channel_status(&channel) == LOWKEY_IO) {
        say(channel_why(&channel));
    } else {
        say_status(channel_status(&channel));
    }
}

static void wait_longer(lowkey_status status)
{
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
    const lowkey_status status = channel_connect(&channel, &server, device.server.port, CONNECT_LIMIT);
    if (status != LOWKEY_OK) {
        uart_text("no channel: ");
        say_status(status);
        wait_longer(status);
    }
}

static void opened(void)
{
    uint8_t hash[32];
    uart_text("channel open, ");
    uart_text(device.page.psk != NULL ? "KKpsk0" : "KK");
    if (lowkey_kk_handshake_hash(&channel.lowkey, hash) == LOWKEY_OK) {
        uart_text(", hash ");
        uart_hex(hash, 8);
    }
    uart_end();
    is_open = true;
    open_since = clock_now();
    session_begin(&session);
}

/* Nothing is left of the channel, and why has been said. */
static void ended(void)
{
    if (!is_open) {
        wait_longer(channel_status(&channel));
        return;
    }
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
            say("the server sent something else");
            ended();
        }
        break;
    case CHANNEL_CLOSED:
        say("the server closed the channel");
        ended();
        break;
    case CHANNEL_FAILED:
        if (!is_open) {
            uart_text("no channel: ");
        }
        say_why();
        ended();
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
    lowkey_status status = boot_start(&device);
    if (status == LOWKEY_OK && lowkey_page_is_published(&device.page)) {
        say("key page: its keys are printed in Lowkey's documentation");
        halt();
    }
    if (status == LOWKEY_OK) {
        status = channel_init(&channel, &device.page, device.boot, entropy_fill, NULL);
    }
    if (status == LOWKEY_OK) {
        status = session_number(&channel, &device.page, device.boot);
    }
    if (status != LOWKEY_OK) {
        /* A device without keys, or that cannot count its starts, does nothing at all. */
        say_status(status);
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
