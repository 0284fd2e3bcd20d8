/* A TCP connection of lwIP (raw API, NO_SYS) as a stream that waits, for the two callbacks of a lowkey_io. This is a
 * file to copy, where nothing else has to be done while a connection waits; where something has, there is channel.h.
 *
 * lwIP runs inside of what waits here, and nowhere else: its callbacks only note what came. */
#ifndef STREAM_H
#define STREAM_H

#include "lowkey_common.h"
#include "lwip/tcp.h"

/* A connection, or none. All zeros at first. The members are the functions' own. */
struct stream {
    struct tcp_pcb *listening; /* NULL: nobody is awaited */
    struct tcp_pcb *pcb;       /* NULL: no connection, or none any more */
    struct pbuf *received;     /* what has come and nobody has read yet */
    const char *why;           /* what ended it, once it is known */
    bool is_connected;
    bool has_ended;     /* the other side has ended its direction */
    uint32_t begun;     /* when the limit began, in milliseconds since start */
    uint32_t limit;     /* in milliseconds; 0 is none */
    uint32_t patience;  /* the same for each call alone */
};

/* From now on all that is called has `limit` milliseconds together, 0 for as long as it takes; and each call has
 * `patience`. */
void stream_set_limits(struct stream *stream, uint32_t limit, uint32_t patience);

/* Connects, within the limits. LOWKEY_IO: stream_why. */
lowkey_status stream_connect(struct stream *stream, const uint8_t ip[4], uint16_t port);

/* From now on somebody may connect to `port`: stream_accept comes next. LOWKEY_IO: nobody can; stream_why. */
lowkey_status stream_listen(struct stream *stream, uint16_t port);

/* Waits for at most `time` milliseconds for whoever connects; nobody else gets in, then or later. Set limits anew
 * then. LOWKEY_IO: stream_why. */
lowkey_status stream_accept(struct stream *stream, uint32_t time);

/* The callbacks of a lowkey_io, whose context is a struct stream. */
int32_t stream_read(void *context, uint8_t *out, size_t len);
int32_t stream_write(void *context, const uint8_t *bytes, size_t len);

/* Ends our direction and reads to the end of the other one, within the limits, so that no reset destroys our last
 * words. There is no connection afterwards. */
void stream_hang_up(struct stream *stream);

/* Ends it at once. */
void stream_drop(struct stream *stream);

/* Has the network run for `time` milliseconds. */
void stream_idle(uint32_t time);

/* After LOWKEY_IO: what ended it, for people. */
const char *stream_why(const struct stream *stream);

#endif
