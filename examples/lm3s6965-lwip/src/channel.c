/* A Lowkey channel over a TCP connection of lwIP (raw API, NO_SYS). */
#include "channel.h"

#include "clock.h"

/* --- lwIP's callbacks: they only note what came --- */

static err_t on_connected(void *context, struct tcp_pcb *pcb, err_t error)
{
    struct channel *const channel = (struct channel *)context;
    (void)pcb;
    (void)error; /* always ERR_OK, says lwIP */
    channel->is_connected = true;
    return ERR_OK;
}

/* Bytes, or the end of the stream (NULL). They are ours until they have been taken; only then does the window open
 * again, so no more of them can come than lwIP has memory for. */
static err_t on_received(void *context, struct tcp_pcb *pcb, struct pbuf *bytes, err_t error)
{
    struct channel *const channel = (struct channel *)context;
    (void)pcb;
    (void)error;
    if (bytes == NULL) {
        channel->has_ended = true;
    } else if (channel->received == NULL) {
        channel->received = bytes;
    } else {
        pbuf_cat(channel->received, bytes);
    }
    return ERR_OK;
}

static err_t on_acknowledged(void *context, struct tcp_pcb *pcb, u16_t len)
{
    struct channel *const channel = (struct channel *)context;
    (void)pcb;
    channel->traffic.acknowledged += len;
    return ERR_OK;
}

/* The connection is gone, and lwIP has freed the pcb. What came before is still to be read: it may say why. */
static void on_error(void *context, err_t error)
{
    struct channel *const channel = (struct channel *)context;
    channel->pcb = NULL;
    if (channel->why == NULL) {
        const bool is_refusal = error == ERR_RST && !channel->is_connected;
        channel->why = is_refusal ? "the server does not listen" : "the connection was cut";
    }
}

/* --- the connection's end --- */

static void forget_received(struct channel *channel)
{
    if (channel->received != NULL) {
        pbuf_free(channel->received);
        channel->received = NULL;
    }
}

/* Lets go of the pcb: what it still says does not concern us any more. */
static struct tcp_pcb *take_pcb(struct channel *channel)
{
    struct tcp_pcb *const pcb = channel->pcb;
    channel->pcb = NULL;
    if (pcb != NULL) {
        tcp_arg(pcb, NULL);
        tcp_recv(pcb, NULL);
        tcp_sent(pcb, NULL);
        tcp_err(pcb, NULL);
    }
    return pcb;
}

void channel_drop(struct channel *channel)
{
    struct tcp_pcb *const pcb = take_pcb(channel);
    if (pcb != NULL) {
        tcp_abort(pcb);
    }
    forget_received(channel);
    if (channel->is_active) {
        /* Without an end in order, this wipes the channel's keys. */
        const lowkey_status said = lowkey_kk_feed_end(&channel->lowkey);
        (void)said;
    }
    channel->is_active = false;
}

/* Both CLOSEs have been said: TCP ends in its own time, behind what it has not sent yet. */
static enum channel_event closed(struct channel *channel)
{
    struct tcp_pcb *const pcb = take_pcb(channel);
    if (pcb != NULL && tcp_close(pcb) != ERR_OK) {
        tcp_abort(pcb); /* no memory for an end */
    }
    channel_drop(channel);
    return CHANNEL_CLOSED;
}

/* `why` is for people, where the status is LOWKEY_IO. */
static enum channel_event failed(struct channel *channel, lowkey_status status, const char *why)
{
    channel_drop(channel);
    channel->status = status;
    channel->why = why;
    return CHANNEL_FAILED;
}

/* --- beginning --- */

static lowkey_status open_connection(struct channel *channel, const ip_addr_t *address, uint16_t port)
{
    channel->pcb = tcp_new();
    if (channel->pcb == NULL) {
        return LOWKEY_IO;
    }
    tcp_arg(channel->pcb, channel);
    tcp_recv(channel->pcb, on_received);
    tcp_sent(channel->pcb, on_acknowledged);
    tcp_err(channel->pcb, on_error);
    /* A record is handed over whole; waiting for more would only delay it. */
    tcp_nagle_disable(channel->pcb);
    return tcp_connect(channel->pcb, address, port, on_connected) == ERR_OK ? LOWKEY_OK : LOWKEY_IO;
}

lowkey_status channel_init(struct channel *channel, const lowkey_page *page, uint64_t boot, lowkey_random random,
                           void *context)
{
    const lowkey_buffers buffers = {
        .incoming = channel->incoming,
        .incoming_len = sizeof channel->incoming,
        .outgoing = channel->outgoing,
        .outgoing_len = sizeof channel->outgoing,
    };
    return lowkey_kk_init(&channel->lowkey, page, &buffers, boot, random, context);
}

lowkey_status channel_connect(struct channel *channel, const ip_addr_t *address, uint16_t port, uint32_t limit)
{
    if (channel->is_active) {
        return LOWKEY_OUT_OF_TURN;
    }
    /* Message 1 first: when the network is up, only what needs the server's answer is left to do. */
    lowkey_status status = lowkey_kk_begin(&channel->lowkey);
    if (status != LOWKEY_OK) {
        return status;
    }
    channel->why = NULL;
    channel->is_connected = channel->has_ended = channel->is_open = false;
    channel->is_closing = channel->is_awaiting = false;
    channel->is_active = true;
    channel->begun = clock_now();
    channel->limit = limit;
    status = open_connection(channel, address, port);
    if (status != LOWKEY_OK) {
        channel_drop(channel);
    }
    return status;
}

/* --- moving bytes --- */

/* Hands lwIP what it has room for. The channel's own buffer is free again at once: lwIP copies. */
static bool write_out(struct channel *channel)
{
    bool has_moved = false;
    const uint8_t *bytes;
    size_t len;
    while (channel->is_connected && channel->pcb != NULL &&
           lowkey_kk_unsent(&channel->lowkey, &bytes, &len) == LOWKEY_OK && len > 0) {
        const size_t room = tcp_sndbuf(channel->pcb);
        const size_t piece = len < room ? len : room;
        if (piece == 0 || tcp_write(channel->pcb, bytes, (u16_t)piece, TCP_WRITE_FLAG_COPY) != ERR_OK) {
            break; /* when the server has acknowledged something, there is room again */
        }
        if (lowkey_kk_sent(&channel->lowkey, piece) != LOWKEY_OK) {
            break;
        }
        has_moved = true;
    }
    if (has_moved) {
        tcp_output(channel->pcb);
    }
    return has_moved;
}

/* The first piece of what has come that is not empty: lwIP empties pieces that came twice. */
static const struct pbuf *first_piece(struct channel *channel)
{
    const struct pbuf *piece = channel->received;
    while (piece != NULL && piece->len == 0) {
        piece = piece->next;
    }
    if (piece == NULL) {
        forget_received(channel);
    }
    return piece;
}

/* Hands Lowkey what has come, as far as it takes it, and opens the window by as much. */
static bool read_in(struct channel *channel)
{
    bool has_moved = false;
    const struct pbuf *piece;
    while ((piece = first_piece(channel)) != NULL) {
        size_t taken = 0;
        const uint8_t *const bytes = (const uint8_t *)piece->payload;
        if (lowkey_kk_feed(&channel->lowkey, bytes, piece->len, &taken) != LOWKEY_OK || taken == 0) {
            break; /* something waits to be looked at, or the channel is over: lowkey_kk_poll says which */
        }
        channel->received = pbuf_free_header(channel->received, (u16_t)taken);
        if (channel->pcb != NULL) {
            tcp_recved(channel->pcb, (u16_t)taken);
        }
        if (!channel->is_closing) { /* behind our CLOSE it is no reason to stay */
            channel->traffic.received += (uint32_t)taken;
        }
        has_moved = true;
    }
    return has_moved;
}

/* With everything read: tells Lowkey of the stream's end. True: it changes what lowkey_kk_poll says. */
static bool end_in(struct channel *channel)
{
    if (!channel->has_ended || channel->received != NULL) {
        return false;
    }
    channel->has_ended = false;
    const lowkey_status said = lowkey_kk_feed_end(&channel->lowkey);
    (void)said; /* lowkey_kk_poll says it as well */
    return true;
}

bool channel_is_drained(struct channel *channel)
{
    const uint8_t *bytes;
    size_t len;
    return lowkey_kk_unsent(&channel->lowkey, &bytes, &len) != LOWKEY_OK || len == 0;
}

bool channel_is_acknowledged(struct channel *channel)
{
    return channel->pcb != NULL && channel_is_drained(channel) && tcp_sndqueuelen(channel->pcb) == 0;
}

/* Nothing can be done now: is there still hope? */
static enum channel_event wait(struct channel *channel)
{
    if (channel->pcb == NULL) {
        return failed(channel, LOWKEY_IO, channel->why);
    }
    enum liveness_verdict verdict = LIVENESS_GOOD;
    if (channel->is_open) {
        channel->traffic.is_waiting = !channel_is_acknowledged(channel);
        channel->traffic.is_awaiting =
            channel->is_closing || channel->is_awaiting || lowkey_kk_awaits_pong(&channel->lowkey);
        verdict = liveness_look(&channel->liveness, &channel->traffic, clock_now(), CHANNEL_PING_EVERY, CHANNEL_PATIENCE);
    } else if (clock_since(channel->begun) >= channel->limit) {
        verdict = LIVENESS_DEAD;
    }
    if (verdict == LIVENESS_DEAD) {
        return failed(channel, LOWKEY_IO, "the stream timed out");
    }
    if (verdict == LIVENESS_ASK && lowkey_kk_ping(&channel->lowkey, (const uint8_t *)"?", 1) == LOWKEY_OK) {
        write_out(channel);
    }
    return CHANNEL_NOTHING;
}

enum channel_event channel_poll(struct channel *channel)
{
    while (channel->is_active) {
        lowkey_event event;
        const lowkey_status status = lowkey_kk_poll(&channel->lowkey, &event);
        if (status != LOWKEY_OK) {
            return failed(channel, status, NULL);
        }
        bool has_moved = false;
        switch (event) {
        case LOWKEY_EVENT_WRITE:
            /* Without room, what there is to read is looked at meanwhile. */
            has_moved = write_out(channel) || lowkey_kk_sent(&channel->lowkey, 0) == LOWKEY_OK;
            break;
        case LOWKEY_EVENT_READ:
            has_moved = read_in(channel) || end_in(channel);
            break;
        case LOWKEY_EVENT_OPEN:
            channel->is_open = true;
            liveness_begin(&channel->liveness, &channel->traffic, clock_now());
            return CHANNEL_OPEN;
        case LOWKEY_EVENT_DATA:
            return CHANNEL_DATA;
        case LOWKEY_EVENT_END: /* the server has said all it had to say: so have we */
            if (lowkey_kk_is_closed(&channel->lowkey)) {
                return closed(channel);
            }
            has_moved = !channel->is_closing;
            channel_close(channel);
            break;
        default: /* those of lowkey.h */
            break;
        }
        if (!has_moved) {
            return wait(channel);
        }
    }
    return CHANNEL_NOTHING;
}

/* --- messages --- */

lowkey_status channel_take(struct channel *channel, const uint8_t **data, size_t *len, bool *is_last)
{
    return lowkey_kk_take(&channel->lowkey, data, len, is_last);
}

lowkey_status channel_send(struct channel *channel, const uint8_t *message, size_t len)
{
    const lowkey_status status = lowkey_kk_send(&channel->lowkey, message, len);
    if (status == LOWKEY_OK) {
        write_out(channel);
    }
    return status;
}

lowkey_status channel_set_outbox(struct channel *channel, lowkey_outbox *outbox)
{
    return lowkey_kk_set_outbox(&channel->lowkey, outbox);
}

lowkey_status channel_send_outbox(struct channel *channel)
{
    lowkey_status status;
    do {
        status = lowkey_kk_send_outbox(&channel->lowkey);
    } while (status == LOWKEY_WOULD_BLOCK && write_out(channel));
    return status;
}

bool channel_is_active(const struct channel *channel)
{
    return channel->is_active;
}

void channel_await(struct channel *channel, bool is_awaited)
{
    channel->is_awaiting = is_awaited;
}

void channel_close(struct channel *channel)
{
    channel->is_closing = lowkey_kk_close(&channel->lowkey) == LOWKEY_OK;
}

const char *channel_why(const struct channel *channel)
{
    return channel->why;
}

lowkey_status channel_status(const struct channel *channel)
{
    return channel->status;
}
