/* A server on POSIX sockets for one device: sends every message back in upper case, one connection after another.
 *
 * Lowkey's second way: two callbacks move the bytes (stream.c). None of its calls waits here; stream_wait does, with a
 * deadline each time. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "keys.h"
#include "stop.h"
#include "stream.h"

/* The longest message, in bytes. */
#define LONGEST (1024 * 1024)

/* Exit codes, those of `lowkey serve`. */
enum { DONE, MACHINE, ARGUMENTS, NETWORK };

static struct keys keys;
static lowkey_channel channel;
static uint8_t incoming[4096], outgoing[4096]; /* one frame each way */
static uint8_t message[LONGEST];
static int stop; /* can be read once a signal has told us to stop */

/* Answers the device that we know, and no other. */
static lowkey_status answer_hello(void)
{
    lowkey_hello hello;
    const lowkey_status status = lowkey_hello_read(&channel, &hello);
    if (status != LOWKEY_OK) {
        return status;
    }
    if (hello.mode != LOWKEY_KK && hello.mode != LOWKEY_KKPSK0) {
        return lowkey_refuse(&channel, LOWKEY_REFUSAL_MODE);
    }
    /* With one device there is no list to hide. A server of many uses lowkey_turn_away for an id that it has not. */
    if (hello.id_len != keys.ours.pinning.id_len || memcmp(hello.id, keys.ours.pinning.id, hello.id_len) != 0) {
        return lowkey_refuse(&channel, LOWKEY_REFUSAL_REFUSED);
    }
    return lowkey_answer_kk(&channel, &keys.ours.pinning, &keys.ephemerals);
}

/* How many bytes the socket has to take. */
static size_t unsent(void)
{
    const uint8_t *bytes;
    size_t len;
    return lowkey_unsent(&channel, &bytes, &len) == LOWKEY_OK ? len : 0;
}

/* lowkey_run until there is an event. LOWKEY_WOULD_BLOCK: the deadline has come, or we are to stop. */
static lowkey_status run(const lowkey_io *io, int64_t deadline, lowkey_event *event)
{
    const int socket = *(const int *)io->context;
    lowkey_status status;
    while ((status = lowkey_run(&channel, io, event)) == LOWKEY_WOULD_BLOCK &&
           stream_wait(socket, stream_events(unsent()), stop, deadline) == STREAM_SOCKET) {
    }
    return status;
}

/* Until the device has proven its key. */
static lowkey_status shake_hands(const lowkey_io *io)
{
    const int64_t deadline = stream_now() + HANDSHAKE_LIMIT;
    const lowkey_buffers buffers = {incoming, sizeof incoming, outgoing, sizeof outgoing, 0, LONGEST};
    lowkey_event event = LOWKEY_EVENT_HELLO;
    lowkey_status status = lowkey_responder(&channel, &buffers);
    while (status == LOWKEY_OK && event != LOWKEY_EVENT_OPEN) {
        status = run(io, deadline, &event);
        status = status == LOWKEY_OK && event == LOWKEY_EVENT_HELLO ? answer_hello() : status;
    }
    return status;
}

/* Waits for the device. False: it is not there any more, or we are to stop. */
static bool wait_for_device(int socket, short events)
{
    const int ready = stream_wait(socket, events, stop, stream_now() + PATIENCE);
    if (ready == 0 && (events & POLLIN) != 0 && !lowkey_awaits_pong(&channel)) {
        return lowkey_ping(&channel, (const uint8_t *)"?", 1) == LOWKEY_OK; /* silent; if it is there, it answers */
    }
    return ready == STREAM_SOCKET;
}

/* Closes our direction as well, behind what has not left yet. */
static lowkey_status say_end(int socket, const lowkey_io *io)
{
    lowkey_status status;
    do {
        status = lowkey_finish(&channel, io);
    } while (status == LOWKEY_WOULD_BLOCK && wait_for_device(socket, POLLOUT));
    return status;
}

/* Answers every message. LOWKEY_OK: both sides have closed; LOWKEY_WOULD_BLOCK: somebody waited in vain. */
static lowkey_status talk(int socket, const lowkey_io *io)
{
    for (;;) {
        size_t len, done = 0;
        bool is_end;
        lowkey_status status;
        while ((status = lowkey_recv_message(&channel, io, message, sizeof message, &len, &is_end)) != LOWKEY_OK) {
            if (status != LOWKEY_WOULD_BLOCK || !wait_for_device(socket, stream_events(unsent()))) {
                return status;
            }
        }
        if (is_end) {
            return say_end(socket, io);
        }
        for (size_t i = 0; i < len; i++) {
            message[i] = (uint8_t)toupper(message[i]);
        }
        while ((status = lowkey_send_message(&channel, io, message, len, &done)) != LOWKEY_OK) {
            if (status != LOWKEY_WOULD_BLOCK || !wait_for_device(socket, POLLOUT)) {
                return status;
            }
        }
    }
}

/* One connection after another, until a signal. An exit code, and with one but DONE what is wrong. */
static int serve(const char *address, const char **why)
{
    char bound[STREAM_ADDRESS];
    int socket;
    const int listener = stream_listen(address, bound, why);
    if (listener < 0) {
        return NETWORK;
    }
    printf("listening on %s\n", bound);
    fflush(stdout);
    while ((socket = stream_accept(listener, stop, why)) >= 0) {
        const lowkey_io io = {&socket, stream_read, stream_write};
        lowkey_status status = shake_hands(&io);
        status = status == LOWKEY_OK ? talk(socket, &io) : status;
        if (status != LOWKEY_OK) {
            fprintf(stderr, "server: %s\n", stop_is_asked() ? "stopped" : stream_why(status));
        }
        stream_close(socket);
        (void)lowkey_channel_wipe(&channel);
    }
    close(listener);
    return *why == NULL ? DONE : NETWORK;
}

int main(int argc, char **argv)
{
    if (argc != 4 && argc != 5) {
        fprintf(stderr, "usage: server HOST:PORT KEY-FILE DEVICE-PUBLIC-KEY [PSK-FILE]\n");
        return ARGUMENTS;
    }
    int code = MACHINE;
    const char *what;
    const char *why = keys_from_files(&keys, argv[2], argv[3], argc == 5 ? argv[4] : NULL, &what);
    if (why == NULL && (stop = stop_on_signals(&why)) >= 0) {
        what = argv[1];
        code = serve(what, &why);
    }
    keys_wipe(&keys);
    if (code != DONE) {
        fprintf(stderr, "server: %s: %s\n", what, why);
    }
    return code;
}
