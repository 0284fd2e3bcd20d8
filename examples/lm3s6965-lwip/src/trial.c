/* For the demo: 64 KiB of binary data to a server that echoes, compared byte for byte with what comes back. */
#include "trial.h"

#include "clock.h"
#include "uart.h"

/* Bytes each way, and of a message. */
#define BULK 65536u
#define MESSAGE 1000u

/* The bytes that both ends make for themselves: xorshift32, its top byte. They repeat only after 2^32 - 1. */
struct pattern {
    uint32_t state;
};

static const struct pattern beginning = {0x4C4F574Bu};

static struct {
    struct pattern out, back;
    uint32_t left;    /* bytes of the messages that are not back yet */
    uint32_t missing; /* bytes of the message that is on its way */
    uint32_t start;
    bool is_over;
} trial;

static uint8_t next(struct pattern *pattern)
{
    pattern->state ^= pattern->state << 13;
    pattern->state ^= pattern->state >> 17;
    pattern->state ^= pattern->state << 5;
    return (uint8_t)(pattern->state >> 24);
}

bool trial_is_over(void)
{
    return trial.is_over;
}

void trial_begin(void)
{
    trial.out = trial.back = beginning;
    trial.left = BULK;
    trial.missing = 0;
    trial.start = clock_now();
}

void trial_send(struct channel *channel)
{
    static uint8_t message[MESSAGE];
    if (trial.missing > 0 || !channel_is_drained(channel)) {
        return;
    }
    const struct pattern before = trial.out;
    const uint32_t len = trial.left < MESSAGE ? trial.left : MESSAGE;
    for (uint32_t i = 0; i < len; i++) {
        message[i] = next(&trial.out);
    }
    if (channel_send(channel, message, len) == LOWKEY_OK) {
        trial.missing = len;
        channel_await(channel, true);
    } else {
        trial.out = before;
    }
}

static bool is_wrong(const uint8_t *bytes, size_t len, bool is_last)
{
    if (len > trial.missing || (len == trial.missing) != is_last) {
        return true;
    }
    while (len > 0 && *bytes == next(&trial.back)) {
        bytes++;
        len--;
    }
    return len > 0;
}

bool trial_receive(struct channel *channel)
{
    const uint8_t *bytes;
    size_t len;
    bool is_last;
    if (channel_take(channel, &bytes, &len, &is_last) != LOWKEY_OK) {
        return true;
    }
    if (is_wrong(bytes, len, is_last)) {
        uart_text("trial: wrong bytes came back, ");
        uart_number(trial.left);
        uart_text(" before the end");
        uart_end();
        return false;
    }
    trial.missing -= (uint32_t)len;
    trial.left -= (uint32_t)len;
    if (trial.left == 0) {
        trial.is_over = true;
        channel_await(channel, false);
        uart_text("trial: ");
        uart_number(BULK);
        uart_text(" B out and back, every byte right, ");
        uart_number(clock_since(trial.start));
        uart_text(" ms");
        uart_end();
    }
    return true;
}
