/* One channel's life: readings out, commands in. */
#include "session.h"

#include <string.h>

#include "bytes.h"
#include "clock.h"
#include "readings.h"
#include "stack.h"
#include "uart.h"

#ifdef TRIAL
#include "trial.h"
#endif

static const char period_command[] = "period ";

/* Readings that wait until they are acknowledged. */
static lowkey_outbox outbox;
static uint8_t waiting[2048];

lowkey_status session_number(struct channel *channel, const lowkey_page *page, uint64_t boot)
{
    uint8_t run[LOWKEY_RUN_LEN];
    lowkey_status status = lowkey_page_run(page, run);
    if (status == LOWKEY_OK) {
        status = lowkey_outbox_init(&outbox, waiting, sizeof waiting, run, boot);
    }
    return status == LOWKEY_OK ? channel_set_outbox(channel, &outbox) : status;
}

void session_begin(struct session *session)
{
    memset(session, 0, sizeof *session);
#ifdef TRIAL
    trial_begin();
#endif
}

/* `s` and four numbers: milliseconds since start, readings sent on this channel, readings lost, the stack's peak. */
static void send_report(struct session *session, struct channel *channel)
{
    uint8_t message[17] = {'s'};
    put_u32(message + 1, clock_now());
    put_u32(message + 5, session->sent);
    put_u32(message + 9, readings_lost());
    put_u32(message + 13, stack_peak());
    if (channel_send(channel, message, sizeof message) == LOWKEY_OK) {
        session->owes_report = false;
    }
}

/* A trial has an end. */
static void say_if_over(struct session *session)
{
    uint64_t last;
    if (!session->is_over && readings_are_over() && lowkey_outbox_is_empty(&outbox) &&
        lowkey_outbox_last(&outbox, &last) == LOWKEY_OK) {
        session->is_over = true;
        uart_text("readings acknowledged: ");
        uart_number((uint32_t)last);
        uart_end();
    }
}

/* To a server that acknowledges. What does not fit into the outbox stays in the mailbox. */
static void send_numbered(struct session *session, struct channel *channel)
{
    uint8_t reading[READING];
    while (readings_look(0, reading) && lowkey_outbox_push(&outbox, reading, READING) == LOWKEY_OK) {
        readings_forget(1);
        session->sent++;
    }
    const lowkey_status sent = channel_send_outbox(channel);
    if (sent == LOWKEY_WENT_BACK && !session->went_back) {
        session->went_back = true;
        uart_text("numbers went back: a person decides");
        uart_end();
    }
    say_if_over(session);
}

void session_send(struct session *session, struct channel *channel)
{
    uint8_t reading[READING];
#ifdef TRIAL
    if (!trial_is_over()) {
        trial_send(channel);
        return;
    }
#endif
    if (channel_send_outbox(channel) != LOWKEY_NOT_ACKNOWLEDGED) {
        if (session->owes_report) {
            send_report(session, channel);
        }
        send_numbered(session, channel);
        return;
    }
    /* What the server's TCP has acknowledged is forgotten. The rest stays, and goes out on the next channel if this one
     * ends: some of it perhaps for a second time, so readings have numbers. */
    if (session->in_flight > 0) {
        if (!channel_is_acknowledged(channel)) {
            return;
        }
        readings_forget(session->in_flight);
        session->sent += session->in_flight;
        session->in_flight = 0;
    }
    if (session->owes_report) {
        send_report(session, channel);
    }
    while (readings_look(session->in_flight, reading) && channel_send(channel, reading, READING) == LOWKEY_OK) {
        session->in_flight++;
    }
}

/* A decimal number of 32 bits and nothing else. */
static bool read_number(const uint8_t *text, size_t len, uint32_t *number)
{
    uint32_t value = 0;
    for (size_t i = 0; i < len; i++) {
        const uint32_t digit = (uint32_t)text[i] - '0';
        if (digit > 9 || value > (UINT32_MAX - digit) / 10u) {
            return false;
        }
        value = value * 10u + digit;
    }
    *number = value;
    return len > 0;
}

static bool is_text(const uint8_t *bytes, size_t len, const char *text)
{
    return len == strlen(text) && memcmp(bytes, text, len) == 0;
}

static void obey(struct session *session, struct channel *channel, const uint8_t *command, size_t len)
{
    const size_t front = sizeof period_command - 1;
    uint32_t period;
    if (is_text(command, len, "report")) {
        session->owes_report = true;
    } else if (is_text(command, len, "close")) {
        uart_text("asked to close");
        uart_end();
        channel_close(channel);
    } else if (len > front && memcmp(command, period_command, front) == 0 &&
               read_number(command + front, len - front, &period)) {
        readings_set_period(period);
        uart_text("asked for a reading every ");
        uart_number(period);
        uart_text(" ms");
        uart_end();
    } else {
        uart_text("asked for something unknown");
        uart_end();
    }
}

bool session_receive(struct session *session, struct channel *channel)
{
#ifdef TRIAL
    if (!trial_is_over()) {
        session->received++;
        return trial_receive(channel);
    }
#endif
    const uint8_t *message;
    size_t len;
    bool is_last;
    if (channel_take(channel, &message, &len, &is_last) != LOWKEY_OK) {
        return true;
    }
    session->received++;
    const bool is_whole = !session->is_inside && is_last;
    session->is_inside = !is_last;
    if (is_whole && len > 0 && message[0] == 'c') {
        obey(session, channel, message + 1, len - 1);
    }
    return true;
}
