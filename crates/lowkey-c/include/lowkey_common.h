// Lowkey: what lowkey.h and lowkey_kk.h have in common. Include one of these. C99 and C++11.
//
// Made from the library's sources: do not change it here.
//
// Functions have the names of lowkey.h here: for lowkey_feed lowkey_kk.h has lowkey_kk_feed, and so on. What
// makes keys and ephemerals of a key page's fields is inside lowkey_kk_init there.
//
// Rules:
// - What the library can see is a status and never a crash: NULL, a length that is not allowed, a call that does not
//   fit, an object that is not initialised, buffers over each other or over an object or key that they are
//   used with, bytes that are fed out of an incoming buffer or sent out of an outgoing one, use after the end. When
//   a call fails, what it was to give is untouched.
// - What it cannot see is up to you: a pointer that is not NULL points to as many bytes as its length or its type says,
//   they stay as long as the function's description says, and otherwise objects and buffers do not overlap: two
//   channels never share a buffer.
// - An object is not moved or copied after it was initialised: it knows its address, so a copy is
//   LOWKEY_NOT_INITIALISED, wherever it lies. Do not put an old state back to where it was saved from: that cannot be
//   seen, and numbers that were used once would be used again, which gives away what they protected.
// - Nothing but its own function initialises an object. Before the first time, its storage is zeros (static, or cleared
//   by you): so that function can see that a call is inside of the object.
// - Threads: one object is used by one thread or interrupt level at a time. Different objects are independent.
// - A callback must not call a function on the objects of the call that it is called from: LOWKEY_OUT_OF_TURN.
// - Lengths are in bytes. Statuses up to LOWKEY_WOULD_BLOCK leave the object usable (lowkey_is_recoverable). After any
//   other the channel is over, its keys are wiped, and every call on it gives that status again. Every function on an
//   object also gives LOWKEY_NULL, LOWKEY_NOT_INITIALISED and LOWKEY_OUT_OF_TURN where it applies.
// - The core: code and tables stay where they were linked, and r9 is a register as any other (no ROPI, no RWPI). But
//   for Cortex-M0, M0+, M1 and M23 the library reads and writes words at odd addresses: CCR.UNALIGN_TRP stays 0, as
//   after a reset; and where an MPU says what kind of memory is where, objects, buffers and flash are Normal, not
//   Device. The library uses no floating point and links into programs of any -mfloat-abi.
#ifndef LOWKEY_COMMON_H
#define LOWKEY_COMMON_H

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

// The compiler and the library agree on how large the objects are.
#if defined(__cplusplus)
#define LOWKEY_ASSERT(name, condition) static_assert(condition, #name)
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define LOWKEY_ASSERT(name, condition) _Static_assert(condition, #name)
#else
#define LOWKEY_ASSERT(name, condition) typedef char lowkey_assert_##name[(condition) ? 1 : -1]
#endif

// Bytes of a key, a PSK, a seed and a handshake hash.
#define LOWKEY_KEY_LEN 32

// Bytes of the longest id.
#define LOWKEY_MAX_ID 32

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

// Bytes of a lowkey_seed.
#define LOWKEY_SEED_SIZE 48

// Bytes of a lowkey_backoff.
#define LOWKEY_BACKOFF_SIZE 24

// The same in words of 64 bits.
#define LOWKEY_SEED_WORDS (LOWKEY_SEED_SIZE / 8)

// The same in words of 64 bits.
#define LOWKEY_BACKOFF_WORDS (LOWKEY_BACKOFF_SIZE / 8)

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
  // The key store: neither bank is whole, and that is not what a power cut leaves. It is no new store.
  LOWKEY_STORE_DAMAGED = 41,
  // The world's: the flash of a key store did not do what it was asked. What was there before is as it was; or the
  // change is stored, and what was there before can still be read out until a call succeeds.
  LOWKEY_FLASH = 42,
  // The peer's: a number that does not rise, an acknowledgement of what was not sent, or either out of place.
  LOWKEY_NUMBER = 43,
  // Yours: this peer does not acknowledge messages, or numbers none. Nothing was sent; the channel goes on, for
  // messages without numbers.
  LOWKEY_NOT_ACKNOWLEDGED = 44,
  // The peer has a number that we have not given yet, or another message under one that we have: this flash or this
  // RAM is older than what was sent, or another board has our keys. Nothing was sent or released; the channel goes
  // on, for messages without numbers.
  LOWKEY_WENT_BACK = 45,
  // Not now: an outbox has no room until something is acknowledged. Nothing was taken.
  LOWKEY_FULL = 46,
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

// The pauses between one attempt and the next: longer after each that came to nothing, never the same on two
// devices. Make it with lowkey_backoff_init. It holds no secret.
typedef struct {
  // Not for you.
  uint64_t opaque[LOWKEY_BACKOFF_WORDS];
} lowkey_backoff;

// The two buffers of a channel, and the most that it takes from the peer. The structure is copied; the buffers belong
// to the channel or device until it is wiped or begun anew with others. They overlap neither each other nor an object:
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

// How a channel reads and writes its stream: a socket, a UART. Both callbacks must be given. They must not call a
// function on the channel or device that called them: that is LOWKEY_OUT_OF_TURN. Only the call that gets the
// structure uses it.
//
// What the callbacks fill and send lies inside the object or its buffers: at odd addresses, as short as one byte,
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

// A source of random bytes: fills `out` with `len` of them and returns 0, or returns anything else if it cannot.
//
// It is called with the `context` that was given with it, inside the calls that make an ephemeral key, and must
// not call a function on the objects of that call: that is LOWKEY_OUT_OF_TURN.
typedef int32_t (*lowkey_random)(void *context, uint8_t *out, size_t len);

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

// Makes a random source of a seed: 32 random bytes, stored when the device was provisioned, used for nothing
// else. They are copied.
//
// Its bytes are as secret as the seed, and the same again after every reset but for what was stirred in;
// ephemeral keys made of them are new all the same, by their boot number. With nothing stirred in that an
// attacker could not guess, whoever reads seed and hedge out of the device knows the keys of recorded
// connections too.
//
// LOWKEY_BLANK: the seed is all zeros or all ones. LOWKEY_LENGTH: its bytes lie in `seed`. LOWKEY_NULL,
// LOWKEY_OUT_OF_TURN. After each of them the object is as it was.
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

// Whether a key of the page, the device's, the peer's or the PSK, is printed in the documentation of Lowkey, so that
// everybody has it: a page that somebody has copied from there, for a try. A device that has one should do nothing at
// all. lowkey_page_read does not ask: the list takes flash. Of NULL, or of a page without public keys, true.
bool lowkey_page_is_published(const lowkey_page *page);

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
struct lowkey_alignment {
  char first;
  lowkey_seed second;
};
LOWKEY_ASSERT(alignment, offsetof(struct lowkey_alignment, second) <= LOWKEY_ALIGN);
LOWKEY_ASSERT(seed, sizeof(lowkey_seed) == LOWKEY_SEED_SIZE);
LOWKEY_ASSERT(backoff, sizeof(lowkey_backoff) == LOWKEY_BACKOFF_SIZE);
LOWKEY_ASSERT(status, sizeof(lowkey_status) == 4 && sizeof(lowkey_event) == 4);

#endif // LOWKEY_COMMON_H
