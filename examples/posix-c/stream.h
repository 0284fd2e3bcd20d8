/* A TCP connection as Lowkey's callbacks want it, and waiting for one. */
#ifndef STREAM_H
#define STREAM_H

#include <poll.h>

#include "lowkey_common.h"

/* In milliseconds: how long connecting and a handshake may take together; and for how long nothing may come of what is
 * waited for. */
#ifndef HANDSHAKE_LIMIT
#define HANDSHAKE_LIMIT 10000
#endif
#ifndef PATIENCE
#define PATIENCE 20000
#endif

/* Room for an address as text, in bytes. */
#define STREAM_ADDRESS 80

/* A deadline that never comes. */
#define STREAM_NEVER INT64_MAX

/* What stream_wait has found. */
#define STREAM_SOCKET 1
#define STREAM_OTHER 2

/* Milliseconds on a clock that nobody sets. A deadline is a time on it. */
int64_t stream_now(void);

/* Connects to `host:port`. The socket, or -1 and what is wrong, for people. */
int stream_connect(const char *address, int64_t deadline, const char **why);

/* Listens on `host:port`, and says in `bound` where that is: for port 0 the system chooses one. The socket, or -1 and
 * what is wrong, for people. */
int stream_listen(const char *address, char bound[STREAM_ADDRESS], const char **why);

/* Waits for a connection. The socket; or -1 and what is wrong, NULL if it is only that `stop` can be read. */
int stream_accept(int listener, int stop, const char **why);

/* Waits until `socket` is ready for one of `events` (POLLIN, POLLOUT), or `other` (or -1) can be read. Which of
 * them, STREAM_SOCKET or STREAM_OTHER or both; 0: the deadline has come. */
int stream_wait(int socket, short events, int other, int64_t deadline);

/* What to wait for on a channel's socket, when both directions may move and so many bytes are unsent. */
short stream_events(size_t unsent);

/* A status for people. What would still block after all waiting has timed out. */
const char *stream_why(lowkey_status status);

/* Hangs up so that the peer gets our last words. */
void stream_close(int socket);

/* The callbacks of a lowkey_io; `context` points to the socket. They never wait. */
int32_t stream_read(void *context, uint8_t *out, size_t len);
int32_t stream_write(void *context, const uint8_t *bytes, size_t len);

#endif
