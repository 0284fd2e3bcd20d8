/* A Lowkey channel over a TCP connection of lwIP (raw API, NO_SYS). This is the file to copy.
 *
 * lwIP's callbacks only note what came; all work is done in channel_poll, which the main loop calls after it has called
 * lwIP. So nothing here is entered twice, and the application can do what it likes at an event.
 *
 * A line that dies says no word of it. So a server that has been silent for a while is asked with a PING, and what it
 * does not acknowledge or answer in time ends the channel: liveness.h says how that is judged. */
#ifndef CHANNEL_H
#define CHANNEL_H

#include <stdbool.h>

#include "liveness.h"
#include "lowkey_kk.h"
#include "lwip/tcp.h"

/* The longest frame each way with its length field, in bytes. */
#define CHANNEL_FRAME 1024u
/* In milliseconds: after how much silence the server of an open channel is asked with a PING; and for how long it may
 * take nothing of what waits, or bring nothing of what is awaited, before the channel is given up. */
#ifndef CHANNEL_PING_EVERY
#define CHANNEL_PING_EVERY 20000u
#endif
#ifndef CHANNEL_PATIENCE
#define CHANNEL_PATIENCE 20000u
#endif

/* What channel_poll says. */
enum channel_event {
    CHANNEL_NOTHING, /* come back when lwIP has done something */
    CHANNEL_OPEN,    /* once: the server is the pinned one, and messages can be sent */
    CHANNEL_DATA,    /* a piece of a message waits: channel_take */
    CHANNEL_CLOSED,  /* both sides have closed; nothing is left of it */
    CHANNEL_FAILED,  /* it is over, channel_status says why; nothing is left of it */
};

/* A device and its channel. All zeros at first. The members are the functions' own, but `lowkey` answers questions. */
struct channel {
    lowkey_kk lowkey;
    struct tcp_pcb *pcb;   /* NULL: no connection, or none any more */
    struct pbuf *received; /* what has come and Lowkey has not taken yet */
    const char *why;       /* what ended the connection, once it is known */
    lowkey_status status;  /* what ended the channel */
    bool is_active;        /* between channel_connect and the event that ends it */
    bool is_connected;     /* by TCP */
    bool has_ended;        /* the server has ended its direction of TCP */
    bool is_open;          /* the handshake is over */
    bool is_closing;       /* our CLOSE is wanted */
    bool is_awaiting;      /* an answer is expected */
    uint32_t begun;        /* when the attempt began, in milliseconds since start */
    uint32_t limit;        /* how long it may take to open */
    struct traffic traffic;
    struct liveness liveness;
    uint8_t incoming[CHANNEL_FRAME];
    uint8_t outgoing[CHANNEL_FRAME];
};

/* Once a start: lowkey_kk_init, with the channel's buffers. What `page` points to must stay where it is. */
lowkey_status channel_init(struct channel *channel, const lowkey_page *page, uint64_t boot, lowkey_random random,
                           void *context);

/* Makes message 1 and starts to connect. Everything up to CHANNEL_OPEN has `limit` milliseconds.
 *
 * LOWKEY_OUT_OF_TURN: there is a channel. LOWKEY_IO: lwIP has no memory. Or what lowkey_kk_begin says. There is no
 * channel then. */
lowkey_status channel_connect(struct channel *channel, const ip_addr_t *address, uint16_t port, uint32_t limit);

/* Moves bytes both ways until something has happened, or nothing can. */
enum channel_event channel_poll(struct channel *channel);

/* At CHANNEL_DATA: the piece, and whether it is the last one of its message. Valid until the next channel_poll. */
lowkey_status channel_take(struct channel *channel, const uint8_t **data, size_t *len, bool *is_last);

/* Sends a message of one record (lowkey_kk_max_data). LOWKEY_WOULD_BLOCK: not sent, something else has to go first;
 * repeat it after channel_poll. */
lowkey_status channel_send(struct channel *channel, const uint8_t *message, size_t len);

/* Has the channel send what is pushed to an outbox, from the next channel_connect on. */
lowkey_status channel_set_outbox(struct channel *channel, lowkey_outbox *outbox);

/* Sends what waits in the outbox, as far as there is room. LOWKEY_NOT_ACKNOWLEDGED, LOWKEY_WENT_BACK: nothing goes. */
lowkey_status channel_send_outbox(struct channel *channel);

/* Whether lwIP has taken all that was sent. */
bool channel_is_drained(struct channel *channel);

/* Whether the server's TCP has acknowledged all that was sent. What a dead line swallows it has not; what then becomes
 * of it there, only an answer of the server can say. */
bool channel_is_acknowledged(struct channel *channel);

/* Whether there is one, open or not. */
bool channel_is_active(const struct channel *channel);

/* Says whether an answer is expected: then CHANNEL_PATIENCE counts for it as well, and not only for a PONG. */
void channel_await(struct channel *channel, bool is_awaited);

/* Ends our direction behind what was sent. channel_poll goes on to CHANNEL_CLOSED, with all that comes until the
 * server's CLOSE; for that, behind our own, there is CHANNEL_PATIENCE. */
void channel_close(struct channel *channel);

/* Ends it at once, from wherever it is; without an event. */
void channel_drop(struct channel *channel);

/* After CHANNEL_FAILED: what ended it, for lowkey_backoff_failed. LOWKEY_IO: the connection, or time. */
lowkey_status channel_status(const struct channel *channel);

/* After LOWKEY_IO: which of these, for people. */
const char *channel_why(const struct channel *channel);

#endif
