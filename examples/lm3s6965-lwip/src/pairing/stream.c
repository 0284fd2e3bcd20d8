/* A TCP connection of lwIP (raw API, NO_SYS) as a stream that waits. */
#include "stream.h"

#include <string.h>

#include "clock.h"
#include "ethernet.h"
#include "network.h"

/* For the library; LOWKEY_IO_WOULD_BLOCK is another one. */
#define FAILED (LOWKEY_IO_WOULD_BLOCK - 1)

/* --- lwIP's callbacks: they only note what came --- */

static err_t on_connected(void *context, struct tcp_pcb *pcb, err_t error)
{
    struct stream *const stream = (struct stream *)context;
    (void)pcb;
    (void)error; /* always ERR_OK, says lwIP */
    stream->is_connected = true;
    return ERR_OK;
}

/* Bytes, or the end of the stream (NULL). Only when they have been read does the window open again, so no more of them
 * can come than lwIP has memory for. */
static err_t on_received(void *context, struct tcp_pcb *pcb, struct pbuf *bytes, err_t error)
{
    struct stream *const stream = (struct stream *)context;
    (void)pcb;
    (void)error;
    if (bytes == NULL) {
        stream->has_ended = true;
    } else if (stream->received == NULL) {
        stream->received = bytes;
    } else {
        pbuf_cat(stream->received, bytes);
    }
    return ERR_OK;
}

/* The connection is gone, and lwIP has freed the pcb. What came before is still to be read: it may say why. */
static void on_error(void *context, err_t error)
{
    struct stream *const stream = (struct stream *)context;
    const bool is_refusal = error == ERR_RST && !stream->is_connected;
    stream->pcb = NULL;
    stream->why = is_refusal ? "the server does not listen" : "the connection was cut";
}

static void begin(struct stream *stream, struct tcp_pcb *pcb)
{
    stream->pcb = pcb;
    stream->why = "the stream failed";
    stream->is_connected = stream->has_ended = false;
    tcp_arg(pcb, stream);
    tcp_recv(pcb, on_received);
    tcp_err(pcb, on_error);
    tcp_nagle_disable(pcb);
}

/* One at a time: lwIP resets whoever comes besides. */
static err_t on_accepted(void *context, struct tcp_pcb *pcb, err_t error)
{
    struct stream *const stream = (struct stream *)context;
    if (error != ERR_OK || pcb == NULL || stream->pcb != NULL) {
        return ERR_MEM;
    }
    begin(stream, pcb);
    stream->is_connected = true;
    return ERR_OK;
}

/* --- waiting --- */

/* Has lwIP do what is due and sleeps until something comes. False: the time is over for what has begun at `since`. */
static bool wait(struct stream *stream, uint32_t since)
{
    const bool is_late = (stream->limit > 0 && clock_since(stream->begun) >= stream->limit) ||
                         clock_since(since) >= stream->patience;
    if (is_late) {
        stream->why = "the stream timed out";
        return false;
    }
    network_poll();
    ethernet_sleep();
    return true;
}

void stream_set_limits(struct stream *stream, uint32_t limit, uint32_t patience)
{
    stream->begun = clock_now();
    stream->limit = limit;
    stream->patience = patience;
}

void stream_idle(uint32_t time)
{
    const uint32_t since = clock_now();
    while (clock_since(since) < time) {
        network_poll();
        ethernet_sleep();
    }
}

const char *stream_why(const struct stream *stream)
{
    return stream->why;
}

/* --- beginning --- */

lowkey_status stream_connect(struct stream *stream, const uint8_t ip[4], uint16_t port)
{
    const uint32_t since = clock_now();
    struct tcp_pcb *const pcb = tcp_new();
    ip_addr_t address;
    IP_ADDR4(&address, ip[0], ip[1], ip[2], ip[3]);
    stream->why = "lwIP has no memory";
    if (pcb == NULL) {
        return LOWKEY_IO;
    }
    begin(stream, pcb);
    bool goes_on = tcp_connect(pcb, &address, port, on_connected) == ERR_OK;
    while (goes_on && stream->pcb != NULL && !stream->is_connected) {
        goes_on = wait(stream, since);
    }
    if (stream->is_connected) {
        return LOWKEY_OK;
    }
    stream_drop(stream);
    return LOWKEY_IO;
}

lowkey_status stream_listen(struct stream *stream, uint16_t port)
{
    struct tcp_pcb *const pcb = tcp_new();
    stream->why = "lwIP has no memory";
    if (pcb == NULL) {
        return LOWKEY_IO;
    }
    /* A pcb that listens is another one than it was made of. */
    stream->listening = tcp_bind(pcb, IP_ADDR_ANY, port) == ERR_OK ? tcp_listen_with_backlog(pcb, 1) : NULL;
    if (stream->listening == NULL) {
        tcp_abort(pcb);
        return LOWKEY_IO;
    }
    tcp_arg(stream->listening, stream);
    tcp_accept(stream->listening, on_accepted);
    return LOWKEY_OK;
}

lowkey_status stream_accept(struct stream *stream, uint32_t time)
{
    stream_set_limits(stream, time, time);
    while (stream->pcb == NULL && wait(stream, stream->begun)) {
    }
    struct tcp_pcb *const listening = stream->listening;
    stream->listening = NULL;
    /* It has nothing to send, so this frees it. */
    return tcp_close(listening) == ERR_OK && stream->pcb != NULL ? LOWKEY_OK : LOWKEY_IO;
}

/* --- moving bytes --- */

/* The first piece of what has come that is not empty: lwIP empties pieces that came twice. */
static const struct pbuf *first_piece(struct stream *stream)
{
    const struct pbuf *piece = stream->received;
    while (piece != NULL && piece->len == 0) {
        piece = piece->next;
    }
    if (piece == NULL && stream->received != NULL) {
        pbuf_free(stream->received);
        stream->received = NULL;
    }
    return piece;
}

int32_t stream_read(void *context, uint8_t *out, size_t len)
{
    struct stream *const stream = (struct stream *)context;
    const uint32_t since = clock_now();
    const struct pbuf *piece;
    while ((piece = first_piece(stream)) == NULL) {
        if (stream->has_ended) {
            return 0;
        }
        if (stream->pcb == NULL || !wait(stream, since)) {
            return FAILED;
        }
    }
    const size_t taken = piece->len < len ? piece->len : len;
    memcpy(out, piece->payload, taken);
    stream->received = pbuf_free_header(stream->received, (u16_t)taken);
    if (stream->pcb != NULL) {
        tcp_recved(stream->pcb, (u16_t)taken);
    }
    return (int32_t)taken;
}

int32_t stream_write(void *context, const uint8_t *bytes, size_t len)
{
    struct stream *const stream = (struct stream *)context;
    const uint32_t since = clock_now();
    while (stream->pcb != NULL) {
        const size_t room = tcp_sndbuf(stream->pcb);
        const size_t piece = len < room ? len : room;
        if (piece > 0 && tcp_write(stream->pcb, bytes, (u16_t)piece, TCP_WRITE_FLAG_COPY) == ERR_OK) {
            tcp_output(stream->pcb);
            return (int32_t)piece;
        }
        if (!wait(stream, since)) { /* when something has been acknowledged, there is room again */
            break;
        }
    }
    return FAILED;
}

/* --- the end --- */

void stream_hang_up(struct stream *stream)
{
    uint8_t unread[16];
    if (stream->pcb != NULL && tcp_shutdown(stream->pcb, 0, 1) == ERR_OK) {
        const char *const why = stream->why;
        while (stream_read(stream, unread, sizeof unread) > 0) {
        }
        stream->why = why; /* what is said here is no news */
    }
    stream_drop(stream);
}

void stream_drop(struct stream *stream)
{
    struct tcp_pcb *const pcb = stream->pcb;
    stream->pcb = NULL;
    if (pcb != NULL) {
        tcp_arg(pcb, NULL);
        tcp_recv(pcb, NULL);
        tcp_err(pcb, NULL);
        /* After both ends have been said TCP is left to its own; with something unread or unsaid this is a reset. */
        if (!stream->has_ended || tcp_close(pcb) != ERR_OK) {
            tcp_abort(pcb);
        }
    }
    if (stream->received != NULL) {
        pbuf_free(stream->received);
        stream->received = NULL;
    }
}
