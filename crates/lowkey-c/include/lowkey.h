// Lowkey: an authenticated, encrypted channel over any byte stream, for firmware. C99 and C++11.
//
// Made from the library's sources: do not change it here.
//
// A channel needs an identity (our key pair), a peer (a pinned key), ephemerals (one for each boot) and two buffers;
// all storage is yours. There is no heap, no global, and nothing is printed. Several channels live side by side.
// Look at the status that each call gives, which is left out here:
//
//   static lowkey_channel channel;                                      // zeros at first
//   lowkey_kk_initiator(&channel, &buffers, &pinning, &ephemerals);     // makes the first message; no network yet
//
// Way 1, you move the bytes (lwIP, interrupts, an RTOS). Whenever bytes have come or could be sent:
//
//   lowkey_feed(&channel, bytes, len, &taken);                          // for what is not taken: after the events
//   while (lowkey_poll(&channel, &event) == LOWKEY_OK && event != LOWKEY_EVENT_READ) {
//     if (event == LOWKEY_EVENT_WRITE) {
//       lowkey_unsent(&channel, &out, &n);                              // write m of the n bytes; 0 if none goes now
//       lowkey_sent(&channel, m);
//     }
//     if (event == LOWKEY_EVENT_DATA) {
//       lowkey_take(&channel, &data, &n, &is_last);                     // use the n bytes
//       lowkey_send(&channel, "ok", 2);
//     }
//     if (event == LOWKEY_EVENT_END) break;
//   }
//
// The loop ends even if the stream takes nothing, and it sees what comes meanwhile: the first lowkey_poll after
// lowkey_sent(&channel, 0) looks past what is unsent. lowkey_send gives LOWKEY_WOULD_BLOCK then: keep the answer until
// nothing is unsent.
//
// Way 2, two callbacks move the bytes (sockets, a UART), waiting or not:
//
//   lowkey_run(&channel, &io, &event);                                  // LOWKEY_EVENT_OPEN
//   lowkey_send_message(&channel, &io, report, report_len, &done);      // done is 0 before
//   lowkey_recv_message(&channel, &io, answer, sizeof answer, &n, &is_end);
//   lowkey_finish(&channel, &io);                                       // our CLOSE, then all up to the peer's
//
// Rules:
// - What the library can see is a status and never a crash: NULL, a length that is not allowed, a call that does not
//   fit, an object that is not initialised, a channel's buffers over each other or over an object that it is
//   begun with, bytes that are fed out of its incoming buffer or sent out of its outgoing one, use after the end. When
//   a call fails, what it was to give is untouched.
// - What it cannot see is up to you: a pointer that is not NULL points to as many bytes as its length or its type says,
//   they stay as long as the function's description says, and otherwise objects and buffers do not overlap: two
//   channels never share a buffer.
// - An object is not moved or copied after it was initialised: it knows its address, so a copy is
//   LOWKEY_NOT_INITIALISED, wherever it lies. Do not put an old state back to where it was saved from: that cannot be
//   seen, and numbers that were used once would be used again, which gives away what they protected.
// - Nothing but its own function initialises an object. Before the first time, its storage is zeros (static, or cleared
//   by you): so that function can see that a call is inside of the object.
// - Threads: one object is used by one thread or interrupt level at a time. Different objects are independent; an
//   identity, a peer and a PSK may be shared by channels of several threads.
// - A callback must not call a function on the objects of the call that it is called from. A channel and ephemerals
//   see it: LOWKEY_OUT_OF_TURN. An identity, a peer and a PSK, which may be shared, cannot.
// - Lengths are in bytes. Statuses up to LOWKEY_WOULD_BLOCK leave the object usable (lowkey_is_recoverable). After any
//   other the channel is over, its keys are wiped, and every call on it gives that status again. Every function on an
//   object also gives LOWKEY_NULL, LOWKEY_NOT_INITIALISED and LOWKEY_OUT_OF_TURN where it applies.
// - The core: code and tables stay where they were linked, and r9 is a register as any other (no ROPI, no RWPI). From
//   Armv7-M on the library reads and writes words at odd addresses: CCR.UNALIGN_TRP stays 0, as after a reset; and
//   where an MPU says what kind of memory is where, objects, buffers and flash are Normal, not Device. The library uses
//   no floating point and links into programs of any -mfloat-abi.
#ifndef LOWKEY_H
#define LOWKEY_H


#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#if UINTPTR_MAX > 0xffffffffu
#define LOWKEY_POINTERS_OF_64_BITS
#else
#define LOWKEY_POINTERS_OF_32_BITS
#endif

// The version of this header; lowkey_version gives that of the library. Before 1.0, another minor version is another
// interface.
#define LOWKEY_VERSION_MAJOR 0
#define LOWKEY_VERSION_MINOR 1
#define LOWKEY_VERSION_PATCH 0
#define LOWKEY_VERSION_TEXT "0.1.0"
// The same as a number, to compare.
#define LOWKEY_VERSION (LOWKEY_VERSION_MAJOR * 1000000 + LOWKEY_VERSION_MINOR * 1000 + LOWKEY_VERSION_PATCH)

// Enumerations have 32 bits, whatever -fshort-enums says. Each is a type of its own: GCC and Clang warn when a status
// is stored or passed as an event (-Wall -Wextra), GCC also when the two are compared; C++ refuses most of it. To a
// compiler that can do neither they are numbers.
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
#define LOWKEY_ENUM(name) enum name : int32_t
#define LOWKEY_ENUM_TYPE(name) typedef enum name name
#elif defined(__GNUC__)
#define LOWKEY_ENUM(name) enum __attribute__((__mode__(__SI__))) name
#define LOWKEY_ENUM_TYPE(name) typedef enum name name
#else
#define LOWKEY_ENUM(name) enum name
#define LOWKEY_ENUM_TYPE(name) typedef int32_t name
#endif

// Before every function that gives a status, but those that wipe: compilers warn when nobody looks at it. To
// GCC, but for C++17 and C23, a cast to void is no look.
#if (defined(__cplusplus) && __cplusplus >= 201703L) || (!defined(__cplusplus) && __STDC_VERSION__ >= 202311L)
#define LOWKEY_MUST_USE [[nodiscard]]
#elif defined(__GNUC__)
#define LOWKEY_MUST_USE __attribute__((__warn_unused_result__))
#else
#define LOWKEY_MUST_USE
#endif


// Bytes of a key, a PSK, a seed and a handshake hash.
#define LOWKEY_KEY_LEN 32

// Bytes of the longest id.
#define LOWKEY_MAX_ID 32

// Bytes of an id made by lowkey_pinning_id.
#define LOWKEY_PINNING_ID_LEN 8

// Bytes of a key page.
#define LOWKEY_PAGE_LEN 344

// Bytes of the longest PING.
#define LOWKEY_MAX_PING 32

// The fewest bytes of a channel's incoming buffer.
#define LOWKEY_MIN_INCOMING 160

// The fewest bytes of a channel's outgoing buffer.
#define LOWKEY_MIN_OUTGOING 162

// What every object's storage is aligned to, in bytes.
#define LOWKEY_ALIGN 8

#if defined(LOWKEY_POINTERS_OF_32_BITS)
// Bytes of a lowkey_identity, and of the other objects.
#define LOWKEY_IDENTITY_SIZE 72
#endif

#if defined(LOWKEY_POINTERS_OF_64_BITS)
// Bytes of a lowkey_identity, and of the other objects.
#define LOWKEY_IDENTITY_SIZE 88
#endif

// Bytes of a lowkey_peer.
#define LOWKEY_PEER_SIZE 72

// Bytes of a lowkey_psk.
#define LOWKEY_PSK_SIZE 40

// Bytes of a lowkey_seed.
#define LOWKEY_SEED_SIZE 48

#if defined(LOWKEY_POINTERS_OF_32_BITS)
// Bytes of a lowkey_ephemerals.
#define LOWKEY_EPHEMERALS_SIZE 64
#endif

#if defined(LOWKEY_POINTERS_OF_64_BITS)
// Bytes of a lowkey_ephemerals.
#define LOWKEY_EPHEMERALS_SIZE 72
#endif

// Bytes of a lowkey_backoff.
#define LOWKEY_BACKOFF_SIZE 24

#if defined(LOWKEY_POINTERS_OF_32_BITS)
// Bytes of a lowkey_channel.
#define LOWKEY_CHANNEL_SIZE 512
#endif

#if defined(LOWKEY_POINTERS_OF_64_BITS)
// Bytes of a lowkey_channel.
#define LOWKEY_CHANNEL_SIZE 632
#endif

// The same in words of 64 bits.
#define LOWKEY_IDENTITY_WORDS (LOWKEY_IDENTITY_SIZE / 8)

// The same in words of 64 bits.
#define LOWKEY_PEER_WORDS (LOWKEY_PEER_SIZE / 8)

// The same in words of 64 bits.
#define LOWKEY_PSK_WORDS (LOWKEY_PSK_SIZE / 8)

// The same in words of 64 bits.
#define LOWKEY_SEED_WORDS (LOWKEY_SEED_SIZE / 8)

// The same in words of 64 bits.
#define LOWKEY_EPHEMERALS_WORDS (LOWKEY_EPHEMERALS_SIZE / 8)

// The same in words of 64 bits.
#define LOWKEY_BACKOFF_WORDS (LOWKEY_BACKOFF_SIZE / 8)

// The same in words of 64 bits.
#define LOWKEY_CHANNEL_WORDS (LOWKEY_CHANNEL_SIZE / 8)

// What a callback of a lowkey_io returns for "not now".
#define LOWKEY_IO_WOULD_BLOCK -1

// What came of a call. The numbers never change.
LOWKEY_ENUM(lowkey_status) {
  // It went well.
  LOWKEY_OK = 0,
  // Yours: a pointer is NULL, or is not aligned. Nothing was done.
  LOWKEY_NULL = 1,
  // Yours: the object was never initialised, has been wiped, is another object, or a copy of one. Nothing was done.
  LOWKEY_NOT_INITIALISED = 2,
  // Yours: a length that is not allowed here, a number that its enumeration does not have, or a buffer that lies
  // over another one, over an object, or over the end of the address space. Nothing was done.
  LOWKEY_LENGTH = 3,
  // Yours: a buffer is too small. Nothing was done; repeat the call with a larger one.
  LOWKEY_BUFFER_TOO_SMALL = 4,
  // Yours: the call does not fit the state of the object, or comes from a callback of a call that is inside
  // this very object. Nothing was done.
  LOWKEY_OUT_OF_TURN = 5,
  // Yours: the channel carries no messages: not open yet, or made for pairing. Nothing was done.
  LOWKEY_NOT_OPEN = 6,
  // Yours: longer than one record carries, or a PING of more than 32 bytes. Nothing was sent.
  LOWKEY_TOO_LONG = 7,
  // Yours: sending after lowkey_close. Receiving goes on.
  LOWKEY_CLOSED = 8,
  // Yours: a message was begun and not finished; finish it first.
  LOWKEY_UNFINISHED = 9,
  // Yours: the answer to the last PING has not come yet.
  LOWKEY_PING_PENDING = 10,
  // Not now: what is unsent has to go first, or a callback said LOWKEY_IO_WOULD_BLOCK. Repeat the call later
  // with the same arguments.
  LOWKEY_WOULD_BLOCK = 11,
  // The world's: the random callback failed. The handshake is over.
  LOWKEY_ENTROPY = 12,
  // No number is left under this key, or of this boot. A channel is over.
  LOWKEY_EXHAUSTED = 13,
  // Yours or the peer's: the key offered as the peer's is our own, or protects nothing (low order).
  LOWKEY_PEER_KEY = 14,
  // The peer refused: it does not know us by this id, mode and key. Nobody has authenticated that, nor the other
  // three refusals: a hint for people, never a decision.
  LOWKEY_REFUSED = 15,
  // We refused the peer, and told it so.
  LOWKEY_DECLINED = 16,
  // The stream ended before the handshake was over.
  LOWKEY_HUNG_UP = 17,
  // The peer closed in a pairing instead of accepting our key.
  LOWKEY_NOT_WELCOME = 18,
  // The stream ended without the peer's CLOSE, or its CLOSE came inside a message: something is missing.
  LOWKEY_TRUNCATED = 19,
  // The peer's: a frame of length 0.
  LOWKEY_EMPTY_FRAME = 20,
  // The peer's: a frame longer than we allow. It was not read.
  LOWKEY_FRAME_TOO_LONG = 21,
  // The peer's: a frame too short for what it must hold.
  LOWKEY_FRAME_TOO_SHORT = 22,
  // The peer's: a malformed hello.
  LOWKEY_HELLO = 23,
  // The peer's, or somebody's between: a handshake message does not open. Other keys, another PSK, or changed
  // on its way: which one is not known, by design.
  LOWKEY_HANDSHAKE = 24,
  // The peer's: handshake parameters that are not allowed.
  LOWKEY_PARAMETERS = 25,
  // The peer's, or somebody's between: a record does not open. Forged, repeated, missing or out of order.
  LOWKEY_RECORD = 26,
  // The peer's: a record of a kind that does not exist, or not here.
  LOWKEY_KIND = 27,
  // The peer's: a message longer than our limit.
  LOWKEY_MESSAGE_TOO_LONG = 28,
  // The peer's: something after its CLOSE.
  LOWKEY_AFTER_CLOSE = 29,
  // The library's: something came to be that cannot be. The channel is over; please report it.
  LOWKEY_BUG = 30,
  // The world's: a callback that moves bytes failed. The channel is over.
  LOWKEY_IO = 32,
  // The world's: the boot log could not be moved on; no number was used.
  LOWKEY_COUNTER = 33,
  // The key page: fewer than LOWKEY_PAGE_LEN bytes.
  LOWKEY_PAGE_TOO_SHORT = 34,
  // The key page: erased flash. This device has not been provisioned.
  LOWKEY_PAGE_BLANK = 35,
  // The key page: something else lies in its place.
  LOWKEY_PAGE_MISSING = 36,
  // The key page: of a layout that this firmware does not know.
  LOWKEY_PAGE_VERSION = 37,
  // The key page: its check does not match. Damaged, or written halfway.
  LOWKEY_PAGE_DAMAGED = 38,
  // The key page: its check matches and a field is impossible. The provisioning tool's error.
  LOWKEY_PAGE_MALFORMED = 39,
  // Yours: a private key, a PSK, a hedge secret or a seed is all zeros or all ones: memory that was cleared or flash
  // that was erased, and no secret. Nothing was done.
  LOWKEY_BLANK = 40,
  // The peer refused: it does not speak this version. A hint, as LOWKEY_REFUSED.
  LOWKEY_REFUSED_VERSION = 65,
  // The peer refused: it does not offer this mode.
  LOWKEY_REFUSED_MODE = 66,
  // The peer refused: it is busy.
  LOWKEY_REFUSED_BUSY = 67,
};
LOWKEY_ENUM_TYPE(lowkey_status);

// What a channel needs next, or what has come.
LOWKEY_ENUM(lowkey_event) {
  // Nothing to do until more bytes have come: lowkey_feed.
  LOWKEY_EVENT_READ = 0,
  // Bytes wait to be sent: lowkey_unsent, lowkey_sent.
  LOWKEY_EVENT_WRITE = 1,
  // Responder: an initiator has come. lowkey_hello_read, then answer, turn away or refuse.
  LOWKEY_EVENT_HELLO = 2,
  // XX: the peer has proven a key. Judge lowkey_peer_key; store it and lowkey_accept, or lowkey_close.
  LOWKEY_EVENT_CLAIM = 3,
  // Once: the handshake is over. KK: the peer holds the pinned key, messages can be sent. XX: both sides have
  // stored the other's key; nothing is left but lowkey_close.
  LOWKEY_EVENT_OPEN = 4,
  // A piece of a message waits: lowkey_take.
  LOWKEY_EVENT_DATA = 5,
  // The peer has sent its CLOSE: nothing more will come, and nothing is missing.
  LOWKEY_EVENT_END = 6,
};
LOWKEY_ENUM_TYPE(lowkey_event);

// Which Noise pattern a connection uses.
LOWKEY_ENUM(lowkey_mode) {
  // KK: both static keys pinned.
  LOWKEY_KK = 1,
  // KKpsk0: both static keys pinned, and a PSK.
  LOWKEY_KKPSK0 = 2,
  // XX: pairing, judged by the application.
  LOWKEY_XX = 3,
  // XXpsk0: pairing with a code.
  LOWKEY_XXPSK0 = 4,
};
LOWKEY_ENUM_TYPE(lowkey_mode);

// Why a responder turns an initiator away.
LOWKEY_ENUM(lowkey_refusal) {
  // This mode is not offered now.
  LOWKEY_REFUSAL_MODE = 2,
  // Too much to do now; never because of the id.
  LOWKEY_REFUSAL_BUSY = 3,
  // Not this initiator.
  LOWKEY_REFUSAL_REFUSED = 4,
};
LOWKEY_ENUM_TYPE(lowkey_refusal);

// Our static key pair. Make it with lowkey_identity_init.
typedef struct {
  // Not for you.
  uint64_t opaque[LOWKEY_IDENTITY_WORDS];
} lowkey_identity;

// A pinned public key of a peer, with the Diffie-Hellman of both static keys already computed. Make it with
// lowkey_peer_init; it belongs to the identity it was made with.
typedef struct {
  // Not for you.
  uint64_t opaque[LOWKEY_PEER_WORDS];
} lowkey_peer;

// A pre-shared key: 32 random bytes that exactly two sides know. Make it with lowkey_psk_init.
typedef struct {
  // Not for you.
  uint64_t opaque[LOWKEY_PSK_WORDS];
} lowkey_psk;

// Makes the ephemeral keys of one boot, for all channels. Make it with lowkey_ephemerals_init.
typedef struct {
  // Not for you.
  uint64_t opaque[LOWKEY_EPHEMERALS_WORDS];
} lowkey_ephemerals;

// A source of random bytes: fills `out` with `len` of them and returns 0, or returns anything else if it cannot.
//
// It is called with the `context` that was given with it, inside the calls that make an ephemeral key, and must
// not call a function on the objects of that call: that is LOWKEY_OUT_OF_TURN.
typedef int32_t (*lowkey_random)(void *context, uint8_t *out, size_t len);

// A random source for a part that has none: a stored seed, stretched. Make it with lowkey_seed_init.
typedef struct {
  // Not for you.
  uint64_t opaque[LOWKEY_SEED_WORDS];
} lowkey_seed;

// Where the fields of a key page lie: pointers into the flash that was given to lowkey_page_read. Every key is
// 32 bytes long, and all but `public_key` and `peer_key` are secret.
typedef struct {
  // The pinning's id.
  const uint8_t *id;
  // Its length in bytes, 1 to 32.
  size_t id_len;
  // The peer's address as text, not zero-terminated.
  const char *address;
  // Its length in bytes, 0 to 64.
  size_t address_len;
  // Our private key, for lowkey_identity_init.
  const uint8_t *private_key;
  // Our public key, for lowkey_identity_init.
  const uint8_t *public_key;
  // The peer's public key, for lowkey_peer_init.
  const uint8_t *peer_key;
  // The Diffie-Hellman of both static keys, for lowkey_peer_init.
  const uint8_t *shared;
  // For lowkey_ephemerals_init.
  const uint8_t *hedge;
  // For lowkey_seed_init, on a part without a random number generator.
  const uint8_t *seed;
  // For lowkey_psk_init; NULL if the pinning has none.
  const uint8_t *psk;
} lowkey_page;

// Two banks of flash, of equal size, that nothing else uses, as lowkey_boot_log_next reaches them. Everything but
// `context` must be given.
typedef struct {
  // Given to every callback.
  void *context;
  // Bytes that are programmed at once, 1 to 32, always as many. With an error-correcting code it is what the
  // code covers.
  size_t unit;
  // Bytes in each bank, always as many: at least 128, and 16 units. A bank is one erase page, or several in a row.
  size_t bank_len;
  // Reads `len` bytes, whole units, of bank 0 or 1 and returns 0, or anything else if they cannot be read, for
  // example because their code is broken: the log goes on without them. An erased byte reads as 0xff; for a chip
  // that erases to zeros, invert every byte here and in `program`.
  int32_t (*read)(void *context, uint32_t bank, size_t offset, uint8_t *bytes, size_t len);
  // Programs a unit that reads as erased, `len` bytes, and returns 0 when that is done, anything else if it failed.
  // No unit is programmed a second time before its bank is erased.
  int32_t (*program)(void *context, uint32_t bank, size_t offset, const uint8_t *unit, size_t len);
  // Erases bank 0 or 1 and returns 0 when that is done, anything else if it failed.
  int32_t (*erase)(void *context, uint32_t bank);
} lowkey_flash;

// One channel. Make it with lowkey_kk_initiator, lowkey_xx_initiator or lowkey_responder.
typedef struct {
  // Not for you.
  uint64_t opaque[LOWKEY_CHANNEL_WORDS];
} lowkey_channel;

// What two sides have pinned of each other. The structure is copied; what it points to must stay where it is,
// unchanged, until the handshake is over: until LOWKEY_EVENT_OPEN, or a status that is not recoverable.
typedef struct {
  // Who we are.
  const lowkey_identity *identity;
  // Whom we expect.
  const lowkey_peer *peer;
  // What we share: with one the mode is KKpsk0, with NULL it is KK, never the other.
  const lowkey_psk *psk;
  // The pinning's public name; it is copied.
  const uint8_t *id;
  // Its length in bytes, 1 to 32.
  size_t id_len;
} lowkey_pinning;

// The keys of one key page, which belong together. Make them with lowkey_keys_init.
typedef struct {
  // Who we are.
  lowkey_identity identity;
  // Whom we expect.
  lowkey_peer peer;
  // What we share; not initialised if the page has no PSK.
  lowkey_psk psk;
  // What lowkey_kk_initiator and lowkey_answer_kk want. It points into these keys.
  lowkey_pinning pinning;
  // The pinning's public name.
  uint8_t id[LOWKEY_MAX_ID];
} lowkey_keys;

// The two buffers of a channel, and the most that it takes from the peer. The structure is copied; the buffers belong
// to the channel until it is wiped or begun anew. They overlap neither each other nor the channel nor another object:
// what comes is opened in one, and what is sent lies in the other.
typedef struct {
  // Where frames come in; its length is the longest record that the peer may send.
  uint8_t *incoming;
  // Its length in bytes, at least LOWKEY_MIN_INCOMING.
  size_t incoming_len;
  // Where frames go out; its length less 2 is the longest record that we send.
  uint8_t *outgoing;
  // Its length in bytes, at least LOWKEY_MIN_OUTGOING.
  size_t outgoing_len;
  // The longest frame of a record that the peer may send, in bytes. Less than 64 counts as 64; 0, and more than
  // `incoming_len`, as `incoming_len`.
  uint16_t max_frame;
  // The longest message that the peer may send, in bytes; 0 is any length.
  size_t max_message;
} lowkey_buffers;

// What an initiator says before the handshake. Nobody has proven anything yet.
typedef struct {
  // The mode asked for.
  lowkey_mode mode;
  // The id of the pinning or the name of the pairing code, then zeros.
  uint8_t id[LOWKEY_MAX_ID];
  // Its length in bytes; 0 only with LOWKEY_XX.
  size_t id_len;
} lowkey_hello;

// How a channel reads and writes its stream: a socket, a UART. Both callbacks must be given. They must not call a
// function on the channel that called them: that is LOWKEY_OUT_OF_TURN. Only the call that gets the structure uses it.
//
// What the callbacks fill and send lies inside the channel or its buffers: at odd addresses, as short as one byte,
// next to bytes that the core reads and writes meanwhile. So a driver that moves bytes by DMA copies them through a
// buffer of its own; where there is a data cache, that buffer is alone on its cache lines.
typedef struct {
  // Given to both callbacks.
  void *context;
  // Reads at most `len` bytes to `out` and returns how many; 0 if the stream has ended; LOWKEY_IO_WOULD_BLOCK if
  // there are none now (also after a time-out); anything else if it failed. More than `len` is a failure too.
  int32_t (*read)(void *context, uint8_t *out, size_t len);
  // Writes at most `len` bytes and returns how many, at least 1; LOWKEY_IO_WOULD_BLOCK if it takes none now;
  // anything else if it failed. More than `len` is a failure too.
  int32_t (*write)(void *context, const uint8_t *bytes, size_t len);
} lowkey_io;

// The pauses between one attempt and the next: longer after each that came to nothing, never the same on two
// devices. Make it with lowkey_backoff_init. It holds no secret.
typedef struct {
  // Not for you.
  uint64_t opaque[LOWKEY_BACKOFF_WORDS];
} lowkey_backoff;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The version of the library that is linked, as a number: LOWKEY_VERSION of the header that belongs to it. A program
// that compares the two finds out if it was compiled with the header of another one.
uint32_t lowkey_version(void);

// A short text for a status, in English, for a log: zero-terminated, in flash, never NULL. For a number that is
// no status it says so.
const char *lowkey_status_text(lowkey_status status);

// Whether an object goes on after this status: LOWKEY_OK, and what is yours. After every other one a channel is
// over: its keys are wiped, and every later call on it returns the same status.
bool lowkey_is_recoverable(lowkey_status status);

// Makes our identity of an X25519 private key.
//
// With `public_key` NULL it is computed, which takes one multiplication. A public key that does not belong to
// the private one makes every handshake fail at the peer; it reveals nothing. Both are copied; what you gave
// is yours to wipe.
//
// LOWKEY_BLANK: the private key is all zeros or all ones. LOWKEY_NULL, LOWKEY_OUT_OF_TURN. After each of them the
// identity is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_identity_init(lowkey_identity *identity,
                                   const uint8_t private_key[32],
                                   const uint8_t public_key[32]);

// Gives the public key of an identity, for peers to pin.
//
// LOWKEY_NULL, LOWKEY_NOT_INITIALISED: `public_key` is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_identity_public_key(const lowkey_identity *identity, uint8_t public_key[32]);

// Makes zeros of an identity, whatever its storage holds.
//
// LOWKEY_NULL: nothing was wiped.
lowkey_status lowkey_identity_wipe(lowkey_identity *identity);

// Pins a peer's public key for an identity.
//
// `shared` is the Diffie-Hellman of both static keys, as lowkey_peer_shared or the key page gives it. With NULL
// it is computed, which takes one multiplication. Everything is copied.
//
// LOWKEY_PEER_KEY: that key is our own, or protects nothing. LOWKEY_NULL, LOWKEY_NOT_INITIALISED,
// LOWKEY_OUT_OF_TURN. After each of them the peer is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_peer_init(lowkey_peer *peer,
                               const lowkey_identity *identity,
                               const uint8_t public_key[32],
                               const uint8_t shared[32]);

// Gives the Diffie-Hellman of both static keys, to be stored beside the private key, and as secret as that:
// given to lowkey_peer_init it saves a multiplication at every boot.
//
// LOWKEY_NULL, LOWKEY_NOT_INITIALISED: `shared` is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_peer_shared(const lowkey_peer *peer,
                                 uint8_t shared[32]);

// Makes zeros of a peer, whatever its storage holds.
//
// LOWKEY_NULL: nothing was wiped.
lowkey_status lowkey_peer_wipe(lowkey_peer *peer);

// Makes a pre-shared key of 32 random bytes, which are copied.
//
// LOWKEY_BLANK: the bytes are all zeros or all ones. LOWKEY_NULL, LOWKEY_OUT_OF_TURN. After each of them the object is
// as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_psk_init(lowkey_psk *psk,
                              const uint8_t bytes[32]);

// Makes zeros of a pre-shared key, whatever its storage holds.
//
// LOWKEY_NULL: nothing was wiped.
lowkey_status lowkey_psk_wipe(lowkey_psk *psk);

// Gives the default id of a pinning, made of the public keys of its initiator and its responder.
//
// LOWKEY_NULL: `id` is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_pinning_id(const uint8_t initiator[32],
                                const uint8_t responder[32],
                                uint8_t id[8]);

// Begins a boot: every ephemeral key made from now on is new, even if the random source is stuck.
//
// `hedge` is 32 random bytes made and stored with the private key, and used for nothing else; they are copied.
// `boot` is a number that no boot of this device has had before, from lowkey_boot_log_next for example.
// `random` is called for every handshake, with `context`, which must stay valid as long as `ephemerals` is used.
//
// LOWKEY_BLANK: the hedge secret is all zeros or all ones. LOWKEY_NULL (also a NULL `random`), LOWKEY_OUT_OF_TURN.
// After each of them the object is as it was. `context` may be NULL.
LOWKEY_MUST_USE
lowkey_status lowkey_ephemerals_init(lowkey_ephemerals *ephemerals,
                                     const uint8_t hedge[32],
                                     uint64_t boot,
                                     lowkey_random random,
                                     void *context);

// Makes zeros of the object, whatever its storage holds.
//
// LOWKEY_NULL, LOWKEY_OUT_OF_TURN: nothing was wiped.
lowkey_status lowkey_ephemerals_wipe(lowkey_ephemerals *ephemerals);

// Makes a random source of a seed: 32 random bytes, stored when the device was provisioned, used for nothing
// else. They are copied.
//
// Its bytes are as secret as the seed, and the same again after every reset but for what was stirred in;
// ephemeral keys made of them are new all the same, by their boot number. With nothing stirred in that an
// attacker could not guess, whoever reads seed and hedge out of the device knows the keys of recorded
// connections too.
//
// LOWKEY_BLANK: the seed is all zeros or all ones. LOWKEY_NULL, LOWKEY_OUT_OF_TURN. After each of them the object is
// as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_seed_init(lowkey_seed *seed,
                               const uint8_t bytes[32]);

// Adds `len` bytes of noise to a seed: times between interrupts, what an ADC reads. It cannot make it worse.
//
// LOWKEY_NULL, LOWKEY_LENGTH, LOWKEY_NOT_INITIALISED: the seed is as it was. `noise` may be NULL if `len` is 0.
LOWKEY_MUST_USE
lowkey_status lowkey_seed_stir(lowkey_seed *seed,
                               const uint8_t *noise,
                               size_t len);

// The lowkey_random of a seed: give it to lowkey_ephemerals_init with the lowkey_seed as its context.
//
// Fills `out` and returns 0, or returns a status and leaves `out` as it was: LOWKEY_NULL, LOWKEY_LENGTH,
// LOWKEY_NOT_INITIALISED.
LOWKEY_MUST_USE
int32_t lowkey_seed_random(void *seed,
                           uint8_t *out,
                           size_t len);

// Makes zeros of a seed, whatever its storage holds.
//
// LOWKEY_NULL: nothing was wiped.
lowkey_status lowkey_seed_wipe(lowkey_seed *seed);

// Checks the key page at the front of `flash`, at least LOWKEY_PAGE_LEN bytes, and says where its fields lie.
// Nothing is copied: the pointers are valid as long as the flash does not change.
//
// LOWKEY_PAGE_TOO_SHORT, LOWKEY_PAGE_BLANK, LOWKEY_PAGE_MISSING, LOWKEY_PAGE_VERSION, LOWKEY_PAGE_DAMAGED,
// LOWKEY_PAGE_MALFORMED, LOWKEY_NULL, LOWKEY_LENGTH: `page` is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_page_read(lowkey_page *page,
                               const uint8_t *flash,
                               size_t len);

// Counts a boot: gives a number, from 1 on, that this call has never given before on this device, whenever the
// power fails. It is stored before it is given. Two erased banks are a new counter: whoever erases them makes a
// new hedge secret as well.
//
// A bad bit, or a unit that reads wrongly or not at all, costs neither a number twice nor the log. At the first two
// starts the second bank is erased on trial, so flash that this log does not fit says so at once.
//
// LOWKEY_COUNTER: a callback failed, the log is damaged, or it does not fit this flash. LOWKEY_NULL: `flash`, one
// of its callbacks or `boot`. `boot` is as it was, and the call can be repeated.
LOWKEY_MUST_USE
lowkey_status lowkey_boot_log_next(const lowkey_flash *flash,
                                   uint64_t *boot);

// Makes zeros of a channel, whatever its storage holds; its buffers are yours again. Without a lowkey_close that
// has left, the peer sees a truncation.
//
// LOWKEY_NULL, LOWKEY_OUT_OF_TURN: nothing was wiped.
lowkey_status lowkey_channel_wipe(lowkey_channel *channel);

// Makes the keys of a key page, and their pinning: keys of two pages cannot be mixed up. Everything is copied.
//
// In a page that you have filled in by yourself `public_key` and `shared` may be NULL: each that is takes a
// multiplication.
//
// LOWKEY_LENGTH: the id has not 1 to 32 bytes. LOWKEY_PEER_KEY: the peer's key is our own, or protects nothing.
// LOWKEY_BLANK, LOWKEY_NULL. After each of them no key is left.
LOWKEY_MUST_USE
lowkey_status lowkey_keys_init(lowkey_keys *keys,
                               const lowkey_page *page);

// Makes zeros of keys, whatever their storage holds.
//
// LOWKEY_NULL: nothing was wiped.
lowkey_status lowkey_keys_wipe(lowkey_keys *keys);

// Begins KK, or KKpsk0 if the pinning has a PSK, and makes the first message at once: this needs no network and
// takes two multiplications. Then ask lowkey_poll.
//
// What the pinning points to must stay until the handshake is over (see lowkey_pinning), the buffers as long as
// the channel; `ephemerals` is used by this call only.
//
// LOWKEY_ENTROPY, LOWKEY_EXHAUSTED: no ephemeral key could be made; the channel is wiped. LOWKEY_NULL,
// LOWKEY_NOT_INITIALISED (the identity, the peer, the PSK or the ephemerals), LOWKEY_LENGTH (of the id; of a buffer,
// or where it lies), LOWKEY_BUFFER_TOO_SMALL, LOWKEY_OUT_OF_TURN: the channel is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_kk_initiator(lowkey_channel *channel,
                                  const lowkey_buffers *buffers,
                                  const lowkey_pinning *pinning,
                                  lowkey_ephemerals *ephemerals);

// Begins a pairing: XX, or XXpsk0 with a PSK made from a pairing code. It makes the first message at once: this
// needs no network and takes one multiplication. Then ask lowkey_poll.
//
// `pairing_id` is the code's name, which everybody sees, 1 to 32 bytes; without a PSK it may have 0 bytes. It is
// copied. `identity` and `pairing_psk` (or NULL) must stay, unchanged, until LOWKEY_EVENT_CLAIM or a status that is
// not recoverable. Without a PSK whoever judges the key compares the whole lowkey_handshake_hash of both sides.
//
// Statuses as lowkey_kk_initiator; LOWKEY_LENGTH also for a PSK without an id.
LOWKEY_MUST_USE
lowkey_status lowkey_xx_initiator(lowkey_channel *channel,
                                  const lowkey_buffers *buffers,
                                  const lowkey_identity *identity,
                                  const lowkey_psk *pairing_psk,
                                  const uint8_t *pairing_id,
                                  size_t id_len,
                                  lowkey_ephemerals *ephemerals);

// Waits for an initiator. Then ask lowkey_poll: LOWKEY_EVENT_HELLO says that one has come.
//
// LOWKEY_NULL, LOWKEY_LENGTH, LOWKEY_BUFFER_TOO_SMALL, LOWKEY_OUT_OF_TURN: the channel is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_responder(lowkey_channel *channel,
                               const lowkey_buffers *buffers);

// Looks at what has come and says what is next. Every event but LOWKEY_EVENT_OPEN is given again until it has been
// acted upon. While something is unsent, the answer to a PING of the peer for example, it is LOWKEY_EVENT_WRITE; so
// who sees LOWKEY_EVENT_DATA can lowkey_send an answer at once.
//
// The first call after lowkey_sent with 0 looks past what is unsent, also in a handshake: a stream that takes nothing
// keeps nobody from reading. The call after that gives LOWKEY_EVENT_WRITE again.
//
// A status that is not recoverable: the channel is over. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN:
// nothing was done. `event` is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_poll(lowkey_channel *channel,
                          lowkey_event *event);

// Gives bytes of the stream to the channel, which takes as many of the `len` as belong to one frame and says how
// many in `taken`. If that is less than `len`, poll until LOWKEY_EVENT_READ and feed the rest. `bytes` may be NULL if
// `len` is 0.
//
// What lowkey_take gave is not valid any more.
//
// A status that is not recoverable: the channel is over. LOWKEY_NULL, LOWKEY_LENGTH, LOWKEY_NOT_INITIALISED,
// LOWKEY_OUT_OF_TURN: nothing was taken. `taken` is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_feed(lowkey_channel *channel,
                          const uint8_t *bytes,
                          size_t len,
                          size_t *taken);

// Says that the stream has ended: the connection was closed by the peer, or is lost. Only after the peer's CLOSE is
// that LOWKEY_OK.
//
// LOWKEY_HUNG_UP (in the handshake), LOWKEY_TRUNCATED; or what ended the channel before. LOWKEY_NULL,
// LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN.
LOWKEY_MUST_USE
lowkey_status lowkey_feed_end(lowkey_channel *channel);

// Gives the room where the next bytes of the stream belong, so that they can be read into it: at most `len` bytes;
// then call lowkey_filled. `len` is 0 while a whole frame waits: poll first. What lowkey_take gave is not valid any
// more. DMA does not go there: see lowkey_io.
//
// LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN; or what ended the channel. `space` and `len` are as they
// were.
LOWKEY_MUST_USE
lowkey_status lowkey_space(lowkey_channel *channel,
                           uint8_t **space,
                           size_t *len);

// Says that `len` bytes of the stream were put into lowkey_space. 0 does nothing; for the stream's end there is
// lowkey_feed_end.
//
// A status that is not recoverable: the channel is over. LOWKEY_LENGTH: more than there was room for.
// LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN: nothing was done.
LOWKEY_MUST_USE
lowkey_status lowkey_filled(lowkey_channel *channel,
                            size_t len);

// Gives the bytes that the stream has to take next. They are valid until the next call that sends something; `len`
// is 0 if nothing is unsent. DMA does not take them from there: see lowkey_io.
//
// LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN; or what ended the channel. `bytes` and `len` are as they
// were.
LOWKEY_MUST_USE
lowkey_status lowkey_unsent(lowkey_channel *channel,
                            const uint8_t **bytes,
                            size_t *len);

// Says that the stream took `len` bytes of lowkey_unsent: it has copied them, and sends them. 0 says that it takes
// none now: the next lowkey_poll says what there is to do besides.
//
// LOWKEY_LENGTH: more than is unsent. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN; or what ended the
// channel. Nothing was done.
LOWKEY_MUST_USE
lowkey_status lowkey_sent(lowkey_channel *channel,
                          size_t len);

// Gives the hello that waits for an answer, after LOWKEY_EVENT_HELLO.
//
// LOWKEY_OUT_OF_TURN: there is none, or it has been answered. LOWKEY_NULL, LOWKEY_NOT_INITIALISED; or what ended the
// channel. `hello` is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_hello_read(const lowkey_channel *channel,
                                lowkey_hello *hello);

// Answers a KK or KKpsk0 hello as this pinning says; takes three multiplications. The pinning is used by this call
// only. Its id is not compared with the hello's: with several pinnings, choose by lowkey_hello_read, and refuse an id
// that none of them has.
//
// A hello of another mode than the pinning's, and a first message that does not open, are refused: this gives
// LOWKEY_OK, lowkey_poll sends the refusal and then gives LOWKEY_HANDSHAKE.
//
// LOWKEY_PARAMETERS, LOWKEY_ENTROPY, LOWKEY_EXHAUSTED: the channel is over. LOWKEY_OUT_OF_TURN: there is no hello to
// answer. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_LENGTH: the hello still waits.
LOWKEY_MUST_USE
lowkey_status lowkey_answer_kk(lowkey_channel *channel,
                               const lowkey_pinning *pinning,
                               lowkey_ephemerals *ephemerals);

// Answers an XX hello, or with a PSK an XXpsk0 hello. `identity` and `pairing_psk` (or NULL) must stay, unchanged,
// until LOWKEY_EVENT_CLAIM or a status that is not recoverable.
//
// A hello of another mode, and a first message that does not open, are refused: this gives LOWKEY_OK, lowkey_poll
// sends the refusal and then gives LOWKEY_HANDSHAKE.
//
// Statuses as lowkey_answer_kk.
LOWKEY_MUST_USE
lowkey_status lowkey_answer_xx(lowkey_channel *channel,
                               const lowkey_identity *identity,
                               const lowkey_psk *pairing_psk,
                               lowkey_ephemerals *ephemerals);

// Turns a KK or KKpsk0 hello away after the same work as for one that is known: neither the answer nor its time
// tells an unknown id from a wrong key. `decoy` holds a peer's key (and a PSK) drawn at random whose private half
// nobody keeps; it is used by this call only. lowkey_poll sends the refusal and then gives LOWKEY_HANDSHAKE.
//
// LOWKEY_OUT_OF_TURN: there is no hello to answer. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_LENGTH: the hello still
// waits.
LOWKEY_MUST_USE
lowkey_status lowkey_turn_away(lowkey_channel *channel,
                               const lowkey_pinning *decoy);

// Refuses the initiator: lowkey_poll sends that and then gives LOWKEY_DECLINED.
//
// LOWKEY_OUT_OF_TURN: there is no hello to refuse. LOWKEY_LENGTH: there is no such refusal. LOWKEY_NULL,
// LOWKEY_NOT_INITIALISED. The hello still waits.
LOWKEY_MUST_USE
lowkey_status lowkey_refuse(lowkey_channel *channel,
                            lowkey_refusal refusal);

// Gives the peer's public key: in XX the one that it has proven, from LOWKEY_EVENT_CLAIM on, before anybody has
// judged it; in KK the pinned one, once the peer has proven it.
//
// LOWKEY_NOT_OPEN: it has proven none yet. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN; or what ended the
// channel. `key` is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_peer_key(const lowkey_channel *channel,
                              uint8_t key[32]);

// Says that the peer's key is welcome, after LOWKEY_EVENT_CLAIM; you have stored it. Who does not want it calls
// lowkey_close instead.
//
// LOWKEY_OUT_OF_TURN: there is no claim to accept now. LOWKEY_NULL, LOWKEY_NOT_INITIALISED; or what ended the channel.
LOWKEY_MUST_USE
lowkey_status lowkey_accept(lowkey_channel *channel);

// Gives the piece of a message that waits, in place where it was opened, and says whether the message ends with it.
// Afterwards it does not wait any more; the bytes stay until the next lowkey_feed or lowkey_space, and may be given
// to lowkey_send. An empty message is a piece of 0 bytes. A piece that came while LOWKEY_EVENT_WRITE could not be
// acted upon is given as well.
//
// LOWKEY_OUT_OF_TURN: no piece waits. LOWKEY_NOT_OPEN: the handshake is not over. LOWKEY_NULL,
// LOWKEY_NOT_INITIALISED; or what ended the channel. `data`, `len` and `is_last` are as they were.
LOWKEY_MUST_USE
lowkey_status lowkey_take(lowkey_channel *channel,
                          const uint8_t **data,
                          size_t *len,
                          bool *is_last);

// Sends one message of at most lowkey_max_data bytes as one record: it is sealed and waits in lowkey_unsent.
// `message` may be NULL if `len` is 0. It may lie in the channel's incoming buffer; in the outgoing one that is
// LOWKEY_LENGTH.
//
// LOWKEY_WOULD_BLOCK: something is unsent, write that first. LOWKEY_TOO_LONG, LOWKEY_NOT_OPEN, LOWKEY_CLOSED,
// LOWKEY_UNFINISHED, LOWKEY_NULL, LOWKEY_LENGTH, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN. Nothing was sent.
// LOWKEY_EXHAUSTED, or what ended the channel: it is over.
LOWKEY_MUST_USE
lowkey_status lowkey_send(lowkey_channel *channel,
                          const uint8_t *message,
                          size_t len);

// Sends a piece of a message, as much as one record carries, and says in `taken` how many bytes that was. The message
// ends with a call whose `is_last` is true and whose `taken` is `len`: repeat it with the rest until then. A piece
// of 0 bytes that is not the last sends nothing.
//
// LOWKEY_WOULD_BLOCK: something is unsent, write that first. LOWKEY_UNFINISHED: lowkey_send_message has begun a
// message and ends it itself. LOWKEY_NOT_OPEN, LOWKEY_CLOSED, LOWKEY_NULL, LOWKEY_LENGTH, LOWKEY_NOT_INITIALISED,
// LOWKEY_OUT_OF_TURN. Nothing was sent and `taken` is as it was. LOWKEY_EXHAUSTED, or what ended the channel: it is
// over.
LOWKEY_MUST_USE
lowkey_status lowkey_send_part(lowkey_channel *channel,
                               const uint8_t *bytes,
                               size_t len,
                               bool is_last,
                               size_t *taken);

// Sends a PING of 0 to 32 bytes; an empty one is not answered. lowkey_awaits_pong says whether the answer has come.
//
// LOWKEY_WOULD_BLOCK: something is unsent, write that first. LOWKEY_TOO_LONG, LOWKEY_PING_PENDING, LOWKEY_NOT_OPEN,
// LOWKEY_CLOSED, LOWKEY_NULL, LOWKEY_LENGTH, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN. Nothing was sent.
// LOWKEY_EXHAUSTED, or what ended the channel: it is over.
LOWKEY_MUST_USE
lowkey_status lowkey_ping(lowkey_channel *channel,
                          const uint8_t *body,
                          size_t len);

// Ends our direction, once: nothing can be sent afterwards, the peer's goes on. Our CLOSE leaves behind what is unsent
// (lowkey_unsent, or lowkey_flush). A second time it does nothing. Inside a message the peer sees a truncation. In a
// pairing that is not over it refuses the peer: when it has left, lowkey_poll gives LOWKEY_DECLINED.
//
// LOWKEY_NOT_OPEN: there are no keys yet. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN; or what ended the
// channel. Nothing was sent.
LOWKEY_MUST_USE
lowkey_status lowkey_close(lowkey_channel *channel);

// Gives the most bytes that one record carries to this peer.
//
// LOWKEY_NOT_OPEN: the handshake is not over. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN; or what ended
// the channel. `len` is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_max_data(const lowkey_channel *channel,
                              size_t *len);

// Gives the handshake hash (Noise, section 11.2): equal on both sides, different for every handshake. Something else
// can be bound to the channel with it; in XX without a PSK it is what people or machines compare.
//
// LOWKEY_NOT_OPEN: there is none yet. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN; or what ended the
// channel. `hash` is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_handshake_hash(const lowkey_channel *channel,
                                    uint8_t hash[32]);

// Whether LOWKEY_EVENT_OPEN has been given, and neither lowkey_close nor a failure has ended sending since. False for
// what is not a channel.
bool lowkey_is_open(const lowkey_channel *channel);

// Whether the answer to the last lowkey_ping has not come yet. False for what is not a channel.
bool lowkey_awaits_pong(const lowkey_channel *channel);

// Whether the peer's CLOSE has come, and ours has left to its last byte. False for what is not a channel.
bool lowkey_is_closed(const lowkey_channel *channel);

// Reads and writes until there is an event other than LOWKEY_EVENT_READ and LOWKEY_EVENT_WRITE. It reads on while the
// stream takes nothing; so an event may come while something is unsent.
//
// LOWKEY_WOULD_BLOCK: a callback said so; call it again when the stream is ready. A status that is not recoverable,
// LOWKEY_IO among them: the channel is over. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN: nothing was
// done. `event` is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_run(lowkey_channel *channel,
                         const lowkey_io *io,
                         lowkey_event *event);

// Writes until nothing is unsent.
//
// Statuses as lowkey_run.
LOWKEY_MUST_USE
lowkey_status lowkey_flush(lowkey_channel *channel, const lowkey_io *io);

// Ends both directions: calls lowkey_close, writes what is unsent, and reads to the peer's CLOSE, without a use for
// what still comes. A TCP connection that is let go with something unread is reset, and a reset destroys what we sent
// last.
//
// LOWKEY_WOULD_BLOCK: the peer has not closed yet, or our CLOSE has not left; repeat the call, or let go: a peer may
// talk on for ever. LOWKEY_NOT_OPEN: there are no keys yet. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN:
// nothing was done. A status that is not recoverable: the channel is over.
LOWKEY_MUST_USE
lowkey_status lowkey_finish(lowkey_channel *channel,
                            const lowkey_io *io);

// Sends one message of any length, in as many records as it takes. `done` counts its bytes: set it to 0 before the
// first call for a message. After LOWKEY_OK the channel has all of it; what the stream would not take yet leaves with
// the next call, lowkey_flush for example. `message` may be NULL if `len` is 0.
//
// LOWKEY_WOULD_BLOCK: repeat the call with the same arguments; `done` says how far it is. (Between two of them
// lowkey_run can receive, if the peer waits for that.) LOWKEY_LENGTH: `done` is not what the last call left, or this
// is another message than then (seen by its length, and by the bytes of the last record that has gone).
// LOWKEY_NOT_OPEN, LOWKEY_CLOSED, LOWKEY_UNFINISHED, LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN: nothing
// was sent. A status that is not recoverable: the channel is over.
LOWKEY_MUST_USE
lowkey_status lowkey_send_message(lowkey_channel *channel,
                                  const lowkey_io *io,
                                  const uint8_t *message,
                                  size_t len,
                                  size_t *done);

// Receives one whole message of at most `capacity` bytes to the front of `message`, and gives its length in `len`;
// what is unsent goes out first. After the peer's CLOSE it gives `is_end` true, and `len` 0. `message` may be NULL if
// `capacity` is 0.
//
// LOWKEY_WOULD_BLOCK: repeat the call; the front of `message` holds what has come, leave it there.
// LOWKEY_BUFFER_TOO_SMALL: repeat the call with a larger buffer that begins with the same bytes, or lowkey_take the
// pieces. LOWKEY_NOT_OPEN: lowkey_run until LOWKEY_EVENT_OPEN first. LOWKEY_NULL, LOWKEY_LENGTH,
// LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN: nothing was done. A status that is not recoverable: the channel is over.
// `len` and `is_end` are as they were.
LOWKEY_MUST_USE
lowkey_status lowkey_recv_message(lowkey_channel *channel,
                                  const lowkey_io *io,
                                  uint8_t *message,
                                  size_t capacity,
                                  size_t *len,
                                  bool *is_end);

// Begins: pauses of at most `first_ms` milliseconds at first and of at most `longest_ms` in the end; 500 and 30000
// are good numbers. If `longest_ms` is shorter, `first_ms` is both. No pause is 0.
//
// Each pause lies between half of a bound and the bound. The bound doubles with every pause, and is `first_ms` again
// once a channel was good for something: see lowkey_backoff_ended.
//
// LOWKEY_NULL: nothing was done.
LOWKEY_MUST_USE
lowkey_status lowkey_backoff_init(lowkey_backoff *backoff,
                                  uint32_t first_ms,
                                  uint32_t longest_ms);

// No channel came of an attempt, which ended with the status `why`: says how long to wait, in milliseconds. After a
// refusal, LOWKEY_REFUSED_BUSY for example, that is eight times as long as after anything else.
//
// `chance` is 32 bits that differ between devices and attempts, from lowkey_seed_random for example: of all that wait
// for one server, no two wait equally long. They need not be secret.
//
// LOWKEY_NULL, LOWKEY_NOT_INITIALISED: `backoff` and `pause_ms` are as they were.
LOWKEY_MUST_USE
lowkey_status lowkey_backoff_failed(lowkey_backoff *backoff,
                                    lowkey_status why,
                                    uint32_t chance,
                                    uint32_t *pause_ms);

// A channel was open for `lasted_ms` milliseconds and is over, whatever the reason: says how long to wait. That is the
// first pause again if something was received on it, or if it lasted for `longest_ms`. That it opened is not enough:
// behind a server whose service is dead every channel opens.
//
// `received` counts what the peer has sent: messages, or their bytes. What lowkey_send took says nothing: it may lie
// in a buffer on the way. `chance` as for lowkey_backoff_failed.
//
// LOWKEY_NULL, LOWKEY_NOT_INITIALISED: `backoff` and `pause_ms` are as they were.
LOWKEY_MUST_USE
lowkey_status lowkey_backoff_ended(lowkey_backoff *backoff,
                                   uint32_t lasted_ms,
                                   size_t received,
                                   uint32_t chance,
                                   uint32_t *pause_ms);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

// The compiler and the library agree on how large the objects are.
#if defined(__cplusplus)
#define LOWKEY_ASSERT(name, condition) static_assert(condition, #name)
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define LOWKEY_ASSERT(name, condition) _Static_assert(condition, #name)
#else
#define LOWKEY_ASSERT(name, condition) typedef char lowkey_assert_##name[(condition) ? 1 : -1]
#endif
struct lowkey_alignment {
  char first;
  lowkey_channel second;
};
LOWKEY_ASSERT(alignment, offsetof(struct lowkey_alignment, second) <= LOWKEY_ALIGN);
LOWKEY_ASSERT(identity, sizeof(lowkey_identity) == LOWKEY_IDENTITY_SIZE);
LOWKEY_ASSERT(peer, sizeof(lowkey_peer) == LOWKEY_PEER_SIZE);
LOWKEY_ASSERT(psk, sizeof(lowkey_psk) == LOWKEY_PSK_SIZE);
LOWKEY_ASSERT(seed, sizeof(lowkey_seed) == LOWKEY_SEED_SIZE);
LOWKEY_ASSERT(ephemerals, sizeof(lowkey_ephemerals) == LOWKEY_EPHEMERALS_SIZE);
LOWKEY_ASSERT(backoff, sizeof(lowkey_backoff) == LOWKEY_BACKOFF_SIZE);
LOWKEY_ASSERT(channel, sizeof(lowkey_channel) == LOWKEY_CHANNEL_SIZE);
LOWKEY_ASSERT(status, sizeof(lowkey_status) == 4 && sizeof(lowkey_event) == 4 && sizeof(lowkey_mode) == 4);
#undef LOWKEY_ASSERT
#undef LOWKEY_ENUM
#undef LOWKEY_ENUM_TYPE
#undef LOWKEY_MUST_USE

#endif // LOWKEY_H
