/* The firmware of a device that pairs: it makes its keys itself, is brought together with its server by the code on
 * its label, and then sends a reading every second.
 *
 * Nobody provisions it but for the label: a few lines of text in the page at 0x3F000 (label.h). Its key store is in the
 * two banks behind that. With nothing final or spent in the store it pairs unasked; otherwise somebody has to hold
 * "Select" while it starts. Whoever holds "Down" has it forget its keys and pinnings. */
#include "board.h"
#include "clock.h"
#include "device.h"
#include "entropy.h"
#include "flash.h"
#include "halt.h"
#include "network.h"
#include "say.h"
#include "stack.h"
#include "stream.h"
#include "uart.h"

/* Milliseconds before the next attempt, at most; the demo has no time. */
#ifdef DEMO
#define FIRST_PAUSE 100u
#else
#define FIRST_PAUSE 500u
#endif
#define LONGEST_PAUSE 30000u

static struct label label;
static struct keys keys;
static lowkey_backoff backoff;

/* How long until the next attempt. */
static void pause_after(lowkey_status status)
{
    const lowkey_status ended = status == LOWKEY_OK ? LOWKEY_HUNG_UP : status;
    uint32_t pause = LONGEST_PAUSE;
    if (lowkey_backoff_failed(&backoff, ended, entropy_word(), &pause) != LOWKEY_OK) {
        pause = LONGEST_PAUSE;
    }
    uart_text("stack peak ");
    uart_number(stack_peak());
    uart_text(" B, again in ");
    uart_number(pause);
    uart_text(" ms");
    uart_end();
    stream_idle(pause);
}

/* Pairs if it may, and sends readings if it can. */
static lowkey_status attempt(bool *wants)
{
    static bool is_late; /* once and for all: the clock begins again after 49 days */
    lowkey_status status = *wants ? LOWKEY_NOT_OPEN : device_dial();
    const bool may_pair = *wants || lowkey_key_store_may_pair_unasked(&keys.store);
    is_late = is_late || clock_now() >= DEVICE_WINDOW;
    if (status != LOWKEY_OK && may_pair && !is_late) {
        status = device_pair();
        if (status == LOWKEY_OK) {
            *wants = false;
            status = device_dial();
        }
    } else if (status == LOWKEY_NOT_OPEN) {
        say("not paired; \"Select\", held at a start, pairs");
    }
    return status;
}

int main(void)
{
    board_start();
    uart_start();
    clock_start();
    say("lowkey on an LM3S6965, which pairs");
    const char *const wrong = label_read(&label, (const char *)FLASH_KEY_PAGE, FLASH_KEY_PAGE_LEN);
    if (wrong != NULL) {
        uart_text("label: ");
        say(wrong);
        halt();
    }
    const enum button held = buttons_held();
    lowkey_status status = keys_start(&keys, held);
    if (status == LOWKEY_OK) {
        status = device_begin(&keys, &label);
    }
    if (status == LOWKEY_OK) {
        status = lowkey_backoff_init(&backoff, FIRST_PAUSE, LONGEST_PAUSE);
    }
    if (status != LOWKEY_OK) {
        /* A device whose store is damaged, or that cannot count its starts, does nothing at all. */
        say_status("", status);
        halt();
    }
    uart_text("boot ");
    uart_number((uint32_t)keys.boot);
    uart_text(", code ");
    uart_hex(label.name, sizeof label.name);
    uart_end();
    network_start();
    bool wants = held == BUTTON_SELECT;
    for (;;) {
        pause_after(attempt(&wants));
    }
}
