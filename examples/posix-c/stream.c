/* A TCP connection as Lowkey's callbacks want it, and waiting for one. */
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* How long stream_close waits for the peer to hang up, in milliseconds. */
#define LINGER 1000
/* What a callback returns when the socket has failed: anything that is no length and not LOWKEY_IO_WOULD_BLOCK. */
#define FAILED (LOWKEY_IO_WOULD_BLOCK - 1)

int64_t stream_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail: POSIX systems with TCP have this clock */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- Lowkey's callbacks --- */

static int32_t moved(ssize_t n)
{
    if (n >= 0) {
        return (int32_t)n;
    }
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? LOWKEY_IO_WOULD_BLOCK : FAILED;
}

/* At most what the callback's result can say. */
static size_t at_most(size_t len)
{
    return len < INT32_MAX ? len : INT32_MAX;
}

int32_t stream_read(void *context, uint8_t *out, size_t len)
{
    return moved(recv(*(const int *)context, out, at_most(len), 0));
}

int32_t stream_write(void *context, const uint8_t *bytes, size_t len)
{
    /* A peer that has gone is an error like others, and no signal. */
    return moved(send(*(const int *)context, bytes, at_most(len), MSG_NOSIGNAL));
}

/* --- waiting --- */

int stream_wait(int socket, short events, int other, int64_t deadline)
{
    struct pollfd both[2] = {{.fd = socket, .events = events}, {.fd = other, .events = POLLIN}};
    for (;;) {
        const int64_t left = deadline == STREAM_NEVER ? -1 : deadline - stream_now();
        if (deadline != STREAM_NEVER && left <= 0) {
            return 0;
        }
        if (poll(both, 2, left > INT_MAX ? INT_MAX : (int)left) > 0) {
            /* Errors and a hang-up count as ready: the next read or write says what they are. */
            return (both[0].revents != 0 ? STREAM_SOCKET : 0) | (both[1].revents != 0 ? STREAM_OTHER : 0);
        }
    }
}

short stream_events(size_t unsent)
{
    return unsent > 0 ? POLLIN | POLLOUT : POLLIN;
}

const char *stream_why(lowkey_status status)
{
    return status == LOWKEY_WOULD_BLOCK ? "timed out" : lowkey_status_text(status);
}

/* --- connections --- */

/* Nothing waits inside a call, and a record leaves when it is written. */
static bool set_up(int socket)
{
    const int yes = 1;
    const int flags = fcntl(socket, F_GETFL);
    return flags >= 0 && fcntl(socket, F_SETFL, flags | O_NONBLOCK) == 0 &&
           setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) == 0;
}

/* Finds the addresses of `host:port` or `[host]:port`. NULL, or what is wrong. */
static const char *look_up(const char *address, int flags, struct addrinfo **found)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags};
    char host[256];
    const char *const colon = strrchr(address, ':');
    if (colon == NULL || colon == address || (size_t)(colon - address) >= sizeof host) {
        return "this is not host:port";
    }
    const bool is_bracketed = address[0] == '[' && colon[-1] == ']';
    const size_t len = (size_t)(colon - address) - (is_bracketed ? 2 : 0);
    memcpy(host, address + (is_bracketed ? 1 : 0), len);
    host[len] = '\0';
    const int failed = getaddrinfo(host, colon + 1, &hints, found);
    return failed == 0 ? NULL : gai_strerror(failed);
}

/* Connects a socket in time. 0, or an errno. */
static int connect_one(int socket, const struct addrinfo *to, int64_t deadline)
{
    int error = 0;
    socklen_t len = sizeof error;
    if (!set_up(socket)) {
        return errno;
    }
    if (connect(socket, to->ai_addr, to->ai_addrlen) == 0) {
        return 0;
    }
    if (errno != EINPROGRESS && errno != EINTR) {
        return errno;
    }
    if (stream_wait(socket, POLLOUT, -1, deadline) == 0) {
        return ETIMEDOUT;
    }
    return getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &len) == 0 ? error : errno;
}

/* A socket that is bound and listens. 0, or an errno. */
static int listen_one(int socket, const struct addrinfo *at)
{
    const int yes = 1;
    const bool is_done = setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
                         bind(socket, at->ai_addr, at->ai_addrlen) == 0 && listen(socket, 16) == 0 && set_up(socket);
    return is_done ? 0 : errno;
}

/* Tries each address: listens with AI_PASSIVE among the flags, connects without. */
static int open_first(const char *address, int flags, int64_t deadline, const char **why)
{
    struct addrinfo *found = NULL;
    int opened = -1;
    *why = look_up(address, flags, &found);
    if (*why != NULL) {
        return -1;
    }
    for (const struct addrinfo *at = found; at != NULL && opened < 0; at = at->ai_next) {
        const int fd = socket(at->ai_family, at->ai_socktype, at->ai_protocol);
        int error = errno;
        if (fd >= 0) {
            error = (flags & AI_PASSIVE) != 0 ? listen_one(fd, at) : connect_one(fd, at, deadline);
        }
        if (fd >= 0 && error == 0) {
            opened = fd;
        } else {
            *why = strerror(error);
            if (fd >= 0) {
                close(fd);
            }
        }
    }
    freeaddrinfo(found);
    return opened;
}

int stream_connect(const char *address, int64_t deadline, const char **why)
{
    return open_first(address, 0, deadline, why);
}

int stream_listen(const char *address, char bound[STREAM_ADDRESS], const char **why)
{
    struct sockaddr_storage at;
    socklen_t len = sizeof at;
    char host[STREAM_ADDRESS - 10], port[6];
    const int listener = open_first(address, AI_PASSIVE, STREAM_NEVER, why);
    if (listener < 0) {
        return -1;
    }
    if (getsockname(listener, (struct sockaddr *)&at, &len) != 0 ||
        getnameinfo((struct sockaddr *)&at, len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        *why = "the system does not say where we listen";
        close(listener);
        return -1;
    }
    snprintf(bound, STREAM_ADDRESS, strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s", host, port);
    return listener;
}

int stream_accept(int listener, int stop, const char **why)
{
    *why = NULL;
    while (stream_wait(listener, POLLIN, stop, STREAM_NEVER) == STREAM_SOCKET) {
        const int fd = accept(listener, NULL, NULL);
        if (fd >= 0 && set_up(fd)) {
            return fd;
        }
        if (fd >= 0) {
            close(fd); /* it has gone again */
        } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR && errno != ECONNABORTED) {
            *why = strerror(errno);
            break;
        }
    }
    return -1;
}

void stream_close(int socket)
{
    /* TCP resets a connection that is closed with bytes unread, and a reset overtakes what we have sent. So they are
     * read, for a while, and thrown away. */
    uint8_t ignored[256];
    const int64_t deadline = stream_now() + LINGER;
    shutdown(socket, SHUT_WR);
    while (stream_wait(socket, POLLIN, -1, deadline) != 0 && recv(socket, ignored, sizeof ignored, 0) > 0) {
    }
    close(socket);
}
