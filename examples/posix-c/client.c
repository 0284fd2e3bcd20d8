/* A device on POSIX sockets: sends each line of its standard input through a Lowkey channel, and prints the answers.
 *
 * Lowkey's second way: two callbacks move the bytes (stream.c). None of its calls waits here, so both directions go on
 * at the same time: a server that sends while we send finds us reading, and its PING is answered while nobody types. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "device.h"
#include "lines.h"
#include "stream.h"

/* The longest answer, in bytes. */
#define LONGEST (1024 * 1024)

/* Exit codes, those of `lowkey connect`. */
enum { DONE, MACHINE, ARGUMENTS, NETWORK, HANDSHAKE, BROKEN };

static struct device device;
static struct lines input;
static uint8_t incoming[4096], outgoing[4096]; /* one frame each way */
static uint8_t answer[LONGEST];
static size_t owed;    /* lines that have been sent and not been answered */
static int64_t taken; /* when the server took something last, or nothing waited for that */

/* Sends all lines that are there; behind the last one our CLOSE. `done` is how much of the first one has gone. */
static lowkey_status send_lines(const lowkey_io *io, size_t *done)
{
    const uint8_t *line;
    size_t len;
    while ((line = lines_first(&input, &len)) != NULL) {
        const lowkey_status status = lowkey_kk_send_message(&device.lowkey, io, line, len, done);
        if (status != LOWKEY_OK) {
            return status; /* LOWKEY_WOULD_BLOCK: the same line again, from `done` on */
        }
        lines_drop(&input);
        *done = 0;
        owed++;
    }
    lowkey_status status = lowkey_kk_flush(&device.lowkey, io);
    if (status == LOWKEY_OK && input.has_ended) {
        status = lowkey_kk_close(&device.lowkey); /* after the first time it does nothing */
    }
    return status == LOWKEY_OK ? lowkey_kk_flush(&device.lowkey, io) : status;
}

/* Prints what has come. LOWKEY_OK: the server has closed, and nothing more will come. */
static lowkey_status print_answers(const lowkey_io *io)
{
    for (;;) {
        size_t len;
        bool is_end;
        const lowkey_status status = lowkey_kk_recv_message(&device.lowkey, io, answer, sizeof answer, &len, &is_end);
        if (status != LOWKEY_OK || is_end) {
            return status;
        }
        fwrite(answer, 1, len, stdout);
        putchar('\n');
        owed -= owed > 0 ? 1 : 0;
    }
}

/* The callback, which also notes that the server takes something. */
static int32_t write_and_note(void *context, const uint8_t *bytes, size_t len)
{
    const int32_t n = stream_write(context, bytes, len);
    if (n > 0) {
        taken = stream_now();
    }
    return n;
}

/* How many bytes the socket has to take. */
static size_t unsent(void)
{
    const uint8_t *bytes;
    size_t len;
    return lowkey_kk_unsent(&device.lowkey, &bytes, &len) == LOWKEY_OK ? len : 0;
}

/* Waits for the server, and for a line if there is none to be sent. NULL, or what is wrong. A server that is silent
 * while nothing is to be said is asked whether it is there; one that takes nothing is not, however much it sends. */
static const char *wait_for_more(int socket)
{
    size_t len;
    const bool has_line = lines_first(&input, &len) != NULL;
    const bool is_waiting = owed > 0 || has_line || input.has_ended || lowkey_kk_awaits_pong(&device.lowkey);
    const int other = has_line || input.has_ended ? -1 : STDIN_FILENO;
    const short events = stream_events(unsent());
    if ((events & POLLOUT) == 0) {
        taken = stream_now();
    }
    const int64_t deadline = ((events & POLLOUT) != 0 ? taken : stream_now()) + PATIENCE;
    const int ready = stream_wait(socket, events, other, deadline);
    if (ready == 0 && (is_waiting || lowkey_kk_ping(&device.lowkey, (const uint8_t *)"?", 1) != LOWKEY_OK)) {
        return "timed out";
    }
    return (ready & STREAM_OTHER) != 0 ? lines_read(&input) : NULL;
}

/* The server has closed: so do we, if we have not before, and let our CLOSE leave. NULL, or what is wrong. */
static const char *say_end(int socket, const lowkey_io *io)
{
    lowkey_status status;
    while ((status = lowkey_kk_finish(&device.lowkey, io)) == LOWKEY_WOULD_BLOCK) {
        if (stream_wait(socket, POLLOUT, -1, stream_now() + PATIENCE) == 0) {
            return "timed out";
        }
    }
    return status == LOWKEY_OK ? NULL : lowkey_status_text(status);
}

/* Sends and prints until both sides have closed. NULL, or what is wrong. */
static const char *talk(int socket, const lowkey_io *io)
{
    size_t done = 0, len;
    for (;;) {
        lowkey_status status = send_lines(io, &done);
        if (status == LOWKEY_OK || status == LOWKEY_WOULD_BLOCK) {
            status = print_answers(io);
        }
        if (fflush(stdout) != 0) {
            return strerror(errno);
        }
        if (status == LOWKEY_OK) {
            const bool is_short = owed > 0 || lines_first(&input, &len) != NULL;
            return is_short ? "the server has closed and not answered" : say_end(socket, io);
        }
        const char *const why = status == LOWKEY_WOULD_BLOCK ? wait_for_more(socket) : lowkey_status_text(status);
        if (why != NULL) {
            return why;
        }
    }
}

/* Waits for the server's proof. LOWKEY_WOULD_BLOCK: the deadline has come. */
static lowkey_status open_channel(int socket, const lowkey_io *io, int64_t deadline)
{
    lowkey_event event; /* LOWKEY_EVENT_OPEN: there is no other before */
    lowkey_status status;
    while ((status = lowkey_kk_run(&device.lowkey, io, &event)) == LOWKEY_WOULD_BLOCK &&
           stream_wait(socket, stream_events(unsent()), -1, deadline) != 0) {
    }
    return status;
}

/* One connection, from the first message to the end. An exit code, and with one but DONE what is wrong. */
static int connect_and_talk(const char *address, const char **why)
{
    /* Makes the first message; this needs no network yet. */
    lowkey_status status = lowkey_kk_begin(&device.lowkey);
    if (status != LOWKEY_OK) {
        *why = lowkey_status_text(status);
        return MACHINE;
    }
    const int64_t deadline = stream_now() + HANDSHAKE_LIMIT;
    int socket = stream_connect(address, deadline, why);
    if (socket < 0) {
        return NETWORK;
    }
    const lowkey_io io = {&socket, stream_read, write_and_note};
    status = open_channel(socket, &io, deadline);
    *why = status == LOWKEY_OK ? talk(socket, &io) : stream_why(status);
    stream_close(socket);
    return *why == NULL ? DONE : status == LOWKEY_OK ? BROKEN : HANDSHAKE;
}

int main(int argc, char **argv)
{
    if (argc != 2 && argc != 3) {
        fprintf(stderr, "usage: client PAGE-FILE [HOST:PORT]\n");
        return ARGUMENTS;
    }
    const lowkey_buffers buffers = {incoming, sizeof incoming, outgoing, sizeof outgoing, 0, LONGEST};
    int code = MACHINE;
    const char *what = argv[1];
    const char *why = device_from_page(&device, what, &buffers);
    if (why == NULL) {
        what = argc == 3 ? argv[2] : device.address;
        code = connect_and_talk(what, &why);
    }
    device_wipe(&device);
    if (code != DONE) {
        fprintf(stderr, "client: %s: %s\n", what, why);
    }
    return code;
}
