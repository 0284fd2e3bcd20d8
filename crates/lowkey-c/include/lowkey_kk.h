// Lowkey for a device that connects to one server: the initiator of KK and KKpsk0, smaller than any role of lowkey.h.
// C99 and C++11.
//
// Made from the library's sources: do not change it here.
//
// One object is the device, its keys and its channel: it points to the key page, which stays where it is, and has two
// buffers. All storage is yours. There is no heap, no global, and nothing is printed. Look at the status that each call
// gives, which is left out here:
//
//   static lowkey_kk device;                                            // zeros at first
//   lowkey_page_read(&page, flash, flash_len);
//   lowkey_boot_log_next(&flash_log, &boot);
//   lowkey_kk_init(&device, &page, &buffers, boot, random, NULL);       // once a start
//   lowkey_kk_begin(&device);                                           // each time: the first message; no network yet
//
// Way 1, you move the bytes (lwIP, interrupts, an RTOS). Whenever bytes have come or could be sent:
//
//   lowkey_kk_feed(&device, bytes, len, &taken);                        // for what is not taken: after the events
//   while (lowkey_kk_poll(&device, &event) == LOWKEY_OK && event != LOWKEY_EVENT_READ) {
//     if (event == LOWKEY_EVENT_WRITE) {
//       lowkey_kk_unsent(&device, &out, &n);                            // write m of the n bytes; 0 if none goes now
//       lowkey_kk_sent(&device, m);
//     }
//     if (event == LOWKEY_EVENT_DATA) {
//       lowkey_kk_take(&device, &data, &n, &is_last);                   // use the n bytes
//       lowkey_kk_send(&device, answer, answer_len);
//     }
//     if (event == LOWKEY_EVENT_END) break;
//   }
//   lowkey_kk_close(&device);                                           // when all is said; then LOWKEY_EVENT_WRITE
//   lowkey_kk_feed_end(&device);                                        // when the stream has ended, behind all bytes
//
// The loop ends even if the stream takes nothing, and it sees what comes meanwhile: the first lowkey_kk_poll after
// lowkey_kk_sent(&device, 0) looks past what is unsent. lowkey_kk_send gives LOWKEY_WOULD_BLOCK then: keep the answer
// until nothing is unsent.
//
// Way 2, two callbacks move the bytes (sockets, a UART), waiting or not:
//
//   lowkey_kk_run(&device, &io, &event);                                // LOWKEY_EVENT_OPEN
//   lowkey_kk_send_message(&device, &io, report, report_len, &done);    // done is 0 before
//   lowkey_kk_recv_message(&device, &io, answer, sizeof answer, &n, &is_end);
//   lowkey_kk_finish(&device, &io);                                     // our CLOSE, then all up to the peer's
//
// The rules stand at the top of lowkey_common.h.
#ifndef LOWKEY_KK_H
#define LOWKEY_KK_H

#include "lowkey_common.h"

#if defined(LOWKEY_POINTERS_OF_32_BITS)
// Bytes of a lowkey_kk.
#define LOWKEY_KK_SIZE 408
#endif

#if defined(LOWKEY_POINTERS_OF_64_BITS)
// Bytes of a lowkey_kk.
#define LOWKEY_KK_SIZE 568
#endif

#if defined(LOWKEY_POINTERS_OF_32_BITS)
// Bytes of a lowkey_outbox.
#define LOWKEY_OUTBOX_SIZE 168
#endif

#if defined(LOWKEY_POINTERS_OF_64_BITS)
// Bytes of a lowkey_outbox.
#define LOWKEY_OUTBOX_SIZE 216
#endif

// The same in words of 64 bits.
#define LOWKEY_OUTBOX_WORDS (LOWKEY_OUTBOX_SIZE / 8)

// The same in words of 64 bits.
#define LOWKEY_KK_WORDS (LOWKEY_KK_SIZE / 8)

// Bytes of a run.
#define LOWKEY_RUN_LEN 8

// Bytes of what lowkey_message_digest gives.
#define LOWKEY_DIGEST_LEN 8

// One device, and its channel. Make it with lowkey_kk_init.
typedef struct {
  // Not for you.
  uint64_t opaque[LOWKEY_KK_WORDS];
} lowkey_kk;

// Messages in your memory, each numbered when it is pushed, which stay until the peer says that they are stored. Make
// it with lowkey_outbox_init.
typedef struct {
  // Not for you.
  uint64_t opaque[LOWKEY_OUTBOX_WORDS];
} lowkey_outbox;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Makes a device of a key page and two buffers. No multiplication, and no network: lowkey_kk_begin connects.
//
// The structures `page` and `buffers` are copied. The fields that `page` points to (all but the address and the
// seed) must stay readable where they are, unchanged, as long as the device is used, and so must the buffers.
// `boot` is a number that no call of this function on the device has had before, from lowkey_boot_log_next for
// example: attempts are counted within it, so a second object, and the same one made again, need another. `random`
// is called for every attempt, with `context`, which must stay valid as long as the device is used; it may be NULL.
//
// LOWKEY_BLANK: the private key, the PSK or the hedge secret is all zeros or all ones. LOWKEY_PEER_KEY: the peer's key
// is our own, or the Diffie-Hellman of both is no secret. LOWKEY_NULL (also a NULL `random`, and a NULL field, but for
// `psk`), LOWKEY_LENGTH (of the id; of a buffer, or a buffer over the other one, the device or a field of the page),
// LOWKEY_BUFFER_TOO_SMALL, LOWKEY_OUT_OF_TURN. After each of them the device is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_kk_init(lowkey_kk *device,
                             const lowkey_page *page,
                             const lowkey_buffers *buffers,
                             uint64_t boot,
                             lowkey_random random,
                             void *context);

// Begins a channel: whatever there was before is over, and its keys are wiped. It makes the first message at once,
// which needs no network and takes two multiplications. Then ask lowkey_kk_poll.
//
// Before the first time every call on a channel gives LOWKEY_OUT_OF_TURN.
//
// LOWKEY_ENTROPY, LOWKEY_EXHAUSTED: no ephemeral key could be made; the channel is over. LOWKEY_NULL,
// LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN: nothing was done.
LOWKEY_MUST_USE
lowkey_status lowkey_kk_begin(lowkey_kk *device);

// Makes zeros of a device, whatever its storage holds; its buffers are yours again. Without a lowkey_kk_close that has
// left, the peer sees a truncation.
//
// LOWKEY_NULL, LOWKEY_OUT_OF_TURN: nothing was wiped.
lowkey_status lowkey_kk_wipe(lowkey_kk *device);

// Looks at what has come and says what is next. Every event but LOWKEY_EVENT_OPEN is given again until it has been
// acted upon. While something is unsent, the answer to a PING of the peer for example, it is LOWKEY_EVENT_WRITE; so
// who sees LOWKEY_EVENT_DATA can lowkey_kk_send an answer at once.
//
// The first call after lowkey_kk_sent with 0 looks past what is unsent, also in a handshake: a stream that takes
// nothing keeps nobody from reading. The call after that gives LOWKEY_EVENT_WRITE again.
//
// A status that is not recoverable: the channel is over. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN:
// nothing was done. `event` is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_kk_poll(lowkey_kk *device,
                             lowkey_event *event);

// Gives bytes of the stream to the device, which takes as many of the `len` as belong to one frame and says how
// many in `taken`. If that is less than `len`, poll until LOWKEY_EVENT_READ and feed the rest. `bytes` may be NULL if
// `len` is 0.
//
// What lowkey_kk_take gave is not valid any more.
//
// A status that is not recoverable: the channel is over. LOWKEY_NULL, LOWKEY_LENGTH, LOWKEY_NOT_INITIALISED,
// LOWKEY_OUT_OF_TURN: nothing was taken. `taken` is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_kk_feed(lowkey_kk *device,
                             const uint8_t *bytes,
                             size_t len,
                             size_t *taken);

// Says that the stream has ended: it was closed by the peer, or is lost. Only after the peer's CLOSE is that
// LOWKEY_OK.
//
// LOWKEY_HUNG_UP (in the handshake), LOWKEY_TRUNCATED; or what ended the channel before. LOWKEY_NULL,
// LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN.
LOWKEY_MUST_USE
lowkey_status lowkey_kk_feed_end(lowkey_kk *device);

// Gives the room where the next bytes of the stream belong, so that they can be read into it: at most `len` bytes;
// then call lowkey_kk_filled. `len` is 0 while a whole frame waits: poll first. What lowkey_kk_take gave is not valid
// any more. DMA does not go there: see lowkey_io.
//
// LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN; or what ended the channel. `space` and `len` are as they
// were.
LOWKEY_MUST_USE
lowkey_status lowkey_kk_space(lowkey_kk *device,
                              uint8_t **space,
                              size_t *len);

// Says that `len` bytes of the stream were put into lowkey_kk_space. 0 does nothing; for the stream's end there is
// lowkey_kk_feed_end.
//
// A status that is not recoverable: the channel is over. LOWKEY_LENGTH: more than there was room for.
// LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN: nothing was done.
LOWKEY_MUST_USE
lowkey_status lowkey_kk_filled(lowkey_kk *device,
                               size_t len);

// Gives the bytes that the stream has to take next. They are valid until the next call that sends something; `len`
// is 0 if nothing is unsent. DMA does not take them from there: see lowkey_io.
//
// LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN; or what ended the channel. `bytes` and `len` are as they
// were.
LOWKEY_MUST_USE
lowkey_status lowkey_kk_unsent(lowkey_kk *device,
                               const uint8_t **bytes,
                               size_t *len);

// Says that the stream took `len` bytes of lowkey_kk_unsent: it has copied them, and sends them. 0 says that it takes
// none now: the next lowkey_kk_poll says what there is to do besides.
//
// LOWKEY_LENGTH: more than is unsent. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN; or what ended the
// channel. Nothing was done.
LOWKEY_MUST_USE
lowkey_status lowkey_kk_sent(lowkey_kk *device,
                             size_t len);

// Gives the piece of a message that waits, in place where it was opened, and says whether the message ends with it.
// Afterwards it does not wait any more; the bytes stay until the next lowkey_kk_feed or lowkey_kk_space, and may be
// given to lowkey_kk_send. An empty message is a piece of 0 bytes. A piece that came while LOWKEY_EVENT_WRITE could
// not be acted upon is given as well.
//
// LOWKEY_OUT_OF_TURN: no piece waits. LOWKEY_NOT_OPEN: the handshake is not over. LOWKEY_NULL,
// LOWKEY_NOT_INITIALISED; or what ended the channel. `data`, `len` and `is_last` are as they were.
LOWKEY_MUST_USE
lowkey_status lowkey_kk_take(lowkey_kk *device,
                             const uint8_t **data,
                             size_t *len,
                             bool *is_last);

// Sends one message of at most lowkey_kk_max_data bytes as one record: it is sealed and waits in lowkey_kk_unsent.
// `message` may be NULL if `len` is 0. It may lie in the incoming buffer; in the outgoing one that is LOWKEY_LENGTH.
//
// LOWKEY_WOULD_BLOCK: something is unsent, write that first. LOWKEY_TOO_LONG, LOWKEY_NOT_OPEN, LOWKEY_CLOSED,
// LOWKEY_UNFINISHED, LOWKEY_NULL, LOWKEY_LENGTH, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN. Nothing was sent.
// LOWKEY_EXHAUSTED, or what ended the channel: it is over.
LOWKEY_MUST_USE
lowkey_status lowkey_kk_send(lowkey_kk *device,
                             const uint8_t *message,
                             size_t len);

// Sends a piece of a message, as much as one record carries, and says in `taken` how many bytes that was. The message
// ends with a call whose `is_last` is true and whose `taken` is `len`: repeat it with the rest until then. A piece
// of 0 bytes that is not the last sends nothing.
//
// LOWKEY_WOULD_BLOCK: something is unsent, write that first. LOWKEY_UNFINISHED: lowkey_kk_send_message has begun a
// message and ends it itself. LOWKEY_NOT_OPEN, LOWKEY_CLOSED, LOWKEY_NULL, LOWKEY_LENGTH, LOWKEY_NOT_INITIALISED,
// LOWKEY_OUT_OF_TURN. Nothing was sent and `taken` is as it was. LOWKEY_EXHAUSTED, or what ended the channel: it is
// over.
LOWKEY_MUST_USE
lowkey_status lowkey_kk_send_part(lowkey_kk *device,
                                  const uint8_t *bytes,
                                  size_t len,
                                  bool is_last,
                                  size_t *taken);

// Sends a PING of 0 to 32 bytes; an empty one is not answered. lowkey_kk_awaits_pong says whether the answer has come.
//
// LOWKEY_WOULD_BLOCK: something is unsent, write that first. LOWKEY_TOO_LONG, LOWKEY_PING_PENDING, LOWKEY_NOT_OPEN,
// LOWKEY_CLOSED, LOWKEY_NULL, LOWKEY_LENGTH, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN. Nothing was sent.
// LOWKEY_EXHAUSTED, or what ended the channel: it is over.
LOWKEY_MUST_USE
lowkey_status lowkey_kk_ping(lowkey_kk *device,
                             const uint8_t *body,
                             size_t len);

// Ends our direction, once: nothing can be sent afterwards, the peer's goes on. Our CLOSE leaves behind what is unsent
// (lowkey_kk_unsent, or lowkey_kk_flush). A second time it does nothing. Inside a message the peer sees a truncation.
//
// LOWKEY_NOT_OPEN: there are no keys yet. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN; or what ended the
// channel. Nothing was sent.
LOWKEY_MUST_USE
lowkey_status lowkey_kk_close(lowkey_kk *device);

// Gives the most bytes that one record carries to this peer.
//
// LOWKEY_NOT_OPEN: the handshake is not over. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN; or what ended
// the channel. `len` is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_kk_max_data(const lowkey_kk *device,
                                 size_t *len);

// Gives the handshake hash (Noise, section 11.2): equal on both sides, different for every handshake. Something else
// can be bound to the channel with it.
//
// LOWKEY_NOT_OPEN: there is none yet. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN; or what ended the
// channel. `hash` is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_kk_handshake_hash(const lowkey_kk *device,
                                       uint8_t hash[32]);

// Whether LOWKEY_EVENT_OPEN has been given, and neither lowkey_kk_close nor a failure has ended sending since. False
// for what is not a device.
bool lowkey_kk_is_open(const lowkey_kk *device);

// Whether the answer to the last lowkey_kk_ping has not come yet. False for what is not a device.
bool lowkey_kk_awaits_pong(const lowkey_kk *device);

// Whether the peer's CLOSE has come, and ours has left to its last byte. No key of the channel is left then. False for
// what is not a device.
bool lowkey_kk_is_closed(const lowkey_kk *device);

// Reads and writes until there is an event other than LOWKEY_EVENT_READ and LOWKEY_EVENT_WRITE. It reads on while the
// stream takes nothing; so an event may come while something is unsent.
//
// LOWKEY_WOULD_BLOCK: a callback said so; call it again when the stream is ready. A status that is not recoverable,
// LOWKEY_IO among them: the channel is over. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN: nothing was
// done. `event` is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_kk_run(lowkey_kk *device,
                            const lowkey_io *io,
                            lowkey_event *event);

// Writes until nothing is unsent.
//
// Statuses as lowkey_kk_run.
LOWKEY_MUST_USE
lowkey_status lowkey_kk_flush(lowkey_kk *device, const lowkey_io *io);

// Ends both directions: calls lowkey_kk_close, writes what is unsent, and reads to the peer's CLOSE, without a use for
// what still comes. A TCP channel that is let go with something unread is reset, and a reset destroys what we sent
// last.
//
// LOWKEY_WOULD_BLOCK: the peer has not closed yet, or our CLOSE has not left; repeat the call, or let go: a peer may
// talk on for ever. LOWKEY_NOT_OPEN: there are no keys yet. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN:
// nothing was done. A status that is not recoverable: the channel is over.
LOWKEY_MUST_USE
lowkey_status lowkey_kk_finish(lowkey_kk *device,
                               const lowkey_io *io);

// Sends one message of any length, in as many records as it takes. `done` counts its bytes: set it to 0 before the
// first call for a message. After LOWKEY_OK the device has all of it; what the stream would not take yet leaves with
// the next call, lowkey_kk_flush for example. `message` may be NULL if `len` is 0.
//
// LOWKEY_WOULD_BLOCK: repeat the call with the same arguments; `done` says how far it is. (Between two of them
// lowkey_kk_run can receive, if the peer waits for that.) LOWKEY_LENGTH: `done` is not what the last call left, or
// this is another message than then (seen by its length, and by the bytes of the last record that has gone).
// LOWKEY_NOT_OPEN, LOWKEY_CLOSED, LOWKEY_UNFINISHED, LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN: nothing
// was sent. A status that is not recoverable: the channel is over.
LOWKEY_MUST_USE
lowkey_status lowkey_kk_send_message(lowkey_kk *device,
                                     const lowkey_io *io,
                                     const uint8_t *message,
                                     size_t len,
                                     size_t *done);

// Receives one whole message of at most `capacity` bytes to the front of `message`, and gives its length in `len`;
// what is unsent goes out first. After the peer's CLOSE it gives `is_end` true, and `len` 0. `message` may be NULL if
// `capacity` is 0.
//
// LOWKEY_WOULD_BLOCK: repeat the call; the front of `message` holds what has come, leave it there.
// LOWKEY_BUFFER_TOO_SMALL: repeat the call with a larger buffer that begins with the same bytes, or lowkey_kk_take the
// pieces. LOWKEY_NOT_OPEN: lowkey_kk_run until LOWKEY_EVENT_OPEN first. LOWKEY_NULL, LOWKEY_LENGTH,
// LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN: nothing was done. A status that is not recoverable: the channel is over.
// `len` and `is_end` are as they were.
LOWKEY_MUST_USE
lowkey_status lowkey_kk_recv_message(lowkey_kk *device,
                                     const lowkey_io *io,
                                     uint8_t *message,
                                     size_t capacity,
                                     size_t *len,
                                     bool *is_end);

// Makes an empty outbox in `memory`, which belongs to it as long as it is used. Each message takes 10 bytes beside its
// own.
//
// `run` names what its numbers are of: it begins anew with the log that counts the starts, and with other keys
// (lowkey_page_run). `boot` is the number of this start, from lowkey_boot_log_next: numbers are made of it and of a
// count, so that none comes twice.
//
// LOWKEY_LENGTH: `boot` has more than 32 bits, or the memory lies over the outbox. LOWKEY_NULL, LOWKEY_OUT_OF_TURN.
// After each of them the outbox is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_outbox_init(lowkey_outbox *outbox,
                                 uint8_t *memory,
                                 size_t len,
                                 const uint8_t run[8],
                                 uint64_t boot);

// Makes an outbox of what is in `kept` of this run: RAM that a reset leaves as it is. What waits there is sent
// under the numbers that it has got in earlier starts, and what is pushed from now on behind it. `boot` is the
// number of this start, as of lowkey_outbox_init. Wherever a reset cuts a call that changes the memory, the change
// was made or was not. After a power cut, and with another run, the outbox is empty.
//
// The memory may hold any bytes, also such as nobody has written. It lies in a section that neither the start-up
// code nor a boot loader clears, and not behind a data cache that writes back. Each message takes 18 bytes beside
// its own, and all of them 64.
//
// Statuses as lowkey_outbox_init.
LOWKEY_MUST_USE
lowkey_status lowkey_outbox_resume(lowkey_outbox *outbox,
                                   uint8_t *kept,
                                   size_t len,
                                   const uint8_t run[8],
                                   uint64_t boot);

// Makes zeros of an outbox, whatever its storage holds; its memory is yours again. What waits in it is given up.
//
// LOWKEY_NULL: nothing was wiped.
lowkey_status lowkey_outbox_wipe(lowkey_outbox *outbox);

// Takes a message and numbers it; it is copied. At no time does it wait: while the outbox is full it says so, and the
// channel has to be read, which is where acknowledgements come in. `message` may be NULL if `len` is 0.
//
// LOWKEY_FULL: there is no room until something is acknowledged. LOWKEY_TOO_LONG: it does not fit into the memory, or
// is longer than 65,535 bytes. LOWKEY_EXHAUSTED: 2^32 - 1 messages have been numbered since this start. LOWKEY_LENGTH:
// it lies in the memory. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN. Nothing was taken.
LOWKEY_MUST_USE
lowkey_status lowkey_outbox_push(lowkey_outbox *outbox,
                                 const uint8_t *message,
                                 size_t len);

// Gives how many bytes a message may have now.
//
// LOWKEY_FULL: not even an empty one has room. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN: `len` is as it
// was.
LOWKEY_MUST_USE
lowkey_status lowkey_outbox_room(const lowkey_outbox *outbox,
                                 size_t *len);

// Gives the number of the message that was pushed last; its lower 32 bits are 0 if none was since this start.
//
// LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN: `number` is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_outbox_last(const lowkey_outbox *outbox,
                                 uint64_t *number);

// Whether everything that was pushed has been acknowledged. False for what is not an outbox.
bool lowkey_outbox_is_empty(const lowkey_outbox *outbox);

// Has a device acknowledge what its peer numbers, from the next lowkey_kk_begin on: for an application that stores
// what comes, with its number. See lowkey_kk_open_acks.
//
// LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN: nothing was done.
LOWKEY_MUST_USE
lowkey_status lowkey_outbox_acknowledge(lowkey_outbox *outbox);

// Gives the run of a device whose hedge secret was made with its boot log, as on a key page: who erases the log makes
// a new page as well.
//
// LOWKEY_NULL: `run` is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_page_run(const lowkey_page *page,
                              uint8_t run[8]);

// Gives what a numbered message was, in 8 bytes: to be stored with the last number that came, for lowkey_kk_open_acks.
//
// LOWKEY_NULL, LOWKEY_LENGTH: `digest` is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_message_digest(uint64_t number,
                                    const uint8_t *message,
                                    size_t len,
                                    uint8_t digest[8]);

// Has a device send what is pushed to an outbox, from the next lowkey_kk_begin on; an open channel goes on without
// numbers. The outbox stays where it is, and is used by no other device, until another takes its place, NULL for none,
// or the device is wiped.
//
// LOWKEY_LENGTH: its memory lies over the device or over one of its buffers. LOWKEY_NULL,
// LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN: nothing was done.
LOWKEY_MUST_USE
lowkey_status lowkey_kk_set_outbox(lowkey_kk *device,
                                   lowkey_outbox *outbox);

// Seals the next of what waits in the outbox, once the peer's first acknowledgement has come: LOWKEY_WOULD_BLOCK, as
// something is unsent then. Write that, and repeat the call; LOWKEY_OK: there is nothing to send now. Call it whenever
// bytes have come or could be sent. What is acknowledged leaves the outbox where it comes in, in lowkey_kk_poll and
// all that reads.
//
// LOWKEY_NOT_ACKNOWLEDGED: this peer does not acknowledge; lowkey_kk_send is what is left. LOWKEY_WENT_BACK.
// LOWKEY_UNFINISHED, LOWKEY_CLOSED, LOWKEY_NOT_OPEN, LOWKEY_NULL (also without an outbox), LOWKEY_NOT_INITIALISED,
// LOWKEY_OUT_OF_TURN: nothing was sent. A status that is not recoverable: the channel is over.
LOWKEY_MUST_USE
lowkey_status lowkey_kk_send_outbox(lowkey_kk *device);

// As lowkey_kk_run, and sends what waits in the outbox. LOWKEY_EVENT_READ says that something was acknowledged.
//
// Statuses as lowkey_kk_run and lowkey_kk_send_outbox; after LOWKEY_NOT_ACKNOWLEDGED and LOWKEY_WENT_BACK
// lowkey_kk_run goes on.
LOWKEY_MUST_USE
lowkey_status lowkey_kk_run_outbox(lowkey_kk *device,
                                   const lowkey_io *io,
                                   lowkey_event *event);

// Gives the run of which the peer numbers its messages.
//
// LOWKEY_NOT_ACKNOWLEDGED: it numbers none, or lowkey_outbox_acknowledge was not called. LOWKEY_NOT_OPEN, LOWKEY_NULL,
// LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN; or what ended the channel. `run` is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_kk_peer_run(const lowkey_kk *device,
                                 uint8_t run[8]);

// Says what we have of the peer's run, lowkey_kk_peer_run: the number of the last message that is stored, and its
// lowkey_message_digest; 0 and zeros if there is none. Once for each channel, after LOWKEY_EVENT_OPEN: before it the
// peer sends nothing numbered.
//
// LOWKEY_WOULD_BLOCK: something is unsent, write that first. LOWKEY_OUT_OF_TURN: it was said, or the peer numbers
// nothing. LOWKEY_CLOSED, LOWKEY_NOT_OPEN, LOWKEY_NULL, LOWKEY_NOT_INITIALISED: nothing was said. LOWKEY_EXHAUSTED, or
// what ended the channel: it is over.
LOWKEY_MUST_USE
lowkey_status lowkey_kk_open_acks(lowkey_kk *device,
                                  uint64_t number,
                                  const uint8_t digest[8]);

// Gives the number of the message whose end waits, or was received last and nothing after it.
//
// LOWKEY_OUT_OF_TURN: it has none. LOWKEY_NOT_OPEN, LOWKEY_NULL, LOWKEY_NOT_INITIALISED; or what ended the channel.
// `number` is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_kk_number(const lowkey_kk *device,
                               uint64_t *number);

// Acknowledges every message up to this number: they are stored, and the peer forgets them. Call it before anything
// else is sent, lowkey_kk_close too.
//
// LOWKEY_WOULD_BLOCK: something is unsent, write that first. LOWKEY_OUT_OF_TURN: no message of this number has come,
// or lowkey_kk_open_acks has not said its. LOWKEY_CLOSED, LOWKEY_NOT_OPEN, LOWKEY_NULL, LOWKEY_NOT_INITIALISED:
// nothing was said. LOWKEY_EXHAUSTED, or what ended the channel: it is over.
LOWKEY_MUST_USE
lowkey_status lowkey_kk_acknowledge(lowkey_kk *device,
                                    uint64_t number);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus
LOWKEY_ASSERT(kk, sizeof(lowkey_kk) == LOWKEY_KK_SIZE);
LOWKEY_ASSERT(outbox, sizeof(lowkey_outbox) == LOWKEY_OUTBOX_SIZE);

#endif // LOWKEY_KK_H
