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
//       lowkey_send(&channel, answer, answer_len);
//     }
//     if (event == LOWKEY_EVENT_END) break;
//   }
//   lowkey_close(&channel);                                             // when all is said; then LOWKEY_EVENT_WRITE
//   lowkey_feed_end(&channel);                                          // when the stream has ended, behind all bytes
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
// Two sides that have not met, and a code that both know, for example on a label:
//
//   lowkey_code_psk(&psk, label, label_len, name);
//   lowkey_pairing_init(&pairing, &identity, &psk, name, &store);       // your flash, as three callbacks
//   lowkey_pairing_initiator(&pairing, &channel, &buffers, &ephemerals);
//   lowkey_pairing_run(&pairing, &channel, &io, &ephemerals);           // the store has the peer's key: KK is next
//
// What holds for every object stands at the top of lowkey_common.h, and here besides:
// - An identity, a peer and a PSK may be shared by channels of several threads. Of them a call from a callback cannot
//   be seen.
#ifndef LOWKEY_H
#define LOWKEY_H

#include "lowkey_common.h"

// Bytes of an id made by lowkey_pinning_id.
#define LOWKEY_PINNING_ID_LEN 8

// Bytes of the name of a pairing code.
#define LOWKEY_CODE_NAME_LEN 8

// Characters of a text by lowkey_fingerprint, without a zero at the end.
#define LOWKEY_FINGERPRINT_LEN 24

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

#if defined(LOWKEY_POINTERS_OF_32_BITS)
// Bytes of a lowkey_ephemerals.
#define LOWKEY_EPHEMERALS_SIZE 64
#endif

#if defined(LOWKEY_POINTERS_OF_64_BITS)
// Bytes of a lowkey_ephemerals.
#define LOWKEY_EPHEMERALS_SIZE 72
#endif

#if defined(LOWKEY_POINTERS_OF_32_BITS)
// Bytes of a lowkey_channel.
#define LOWKEY_CHANNEL_SIZE 512
#endif

#if defined(LOWKEY_POINTERS_OF_64_BITS)
// Bytes of a lowkey_channel.
#define LOWKEY_CHANNEL_SIZE 648
#endif

#if defined(LOWKEY_POINTERS_OF_32_BITS)
// Bytes of a lowkey_pairing.
#define LOWKEY_PAIRING_SIZE 344
#endif

#if defined(LOWKEY_POINTERS_OF_64_BITS)
// Bytes of a lowkey_pairing.
#define LOWKEY_PAIRING_SIZE 416
#endif

#if defined(LOWKEY_POINTERS_OF_32_BITS)
// Bytes of a lowkey_key_store.
#define LOWKEY_KEY_STORE_SIZE 624
#endif

#if defined(LOWKEY_POINTERS_OF_64_BITS)
// Bytes of a lowkey_key_store.
#define LOWKEY_KEY_STORE_SIZE 680
#endif

// The same in words of 64 bits.
#define LOWKEY_IDENTITY_WORDS (LOWKEY_IDENTITY_SIZE / 8)

// The same in words of 64 bits.
#define LOWKEY_PEER_WORDS (LOWKEY_PEER_SIZE / 8)

// The same in words of 64 bits.
#define LOWKEY_PSK_WORDS (LOWKEY_PSK_SIZE / 8)

// The same in words of 64 bits.
#define LOWKEY_EPHEMERALS_WORDS (LOWKEY_EPHEMERALS_SIZE / 8)

// The same in words of 64 bits.
#define LOWKEY_CHANNEL_WORDS (LOWKEY_CHANNEL_SIZE / 8)

// The same in words of 64 bits.
#define LOWKEY_PAIRING_WORDS (LOWKEY_PAIRING_SIZE / 8)

// The same in words of 64 bits.
#define LOWKEY_KEY_STORE_WORDS (LOWKEY_KEY_STORE_SIZE / 8)

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

// What an initiator says before the handshake. Nobody has proven anything yet.
typedef struct {
  // The mode asked for.
  lowkey_mode mode;
  // The id of the pinning or the name of the pairing code, then zeros.
  uint8_t id[LOWKEY_MAX_ID];
  // Its length in bytes; 0 only with LOWKEY_XX.
  size_t id_len;
} lowkey_hello;

// A pairing with one code: its window, and how far an attempt is. Make it with lowkey_pairing_init.
typedef struct {
  // Not for you.
  uint64_t opaque[LOWKEY_PAIRING_WORDS];
} lowkey_pairing;

// Where a pairing keeps the peer's key, in flash for example. All three callbacks must be given. They get the peer's
// public key and the code's name, and must not call a function on the pairing or channel that called them.
//
// A stored key is pending: it counts in KK, and the pinning of before stays beside it until this one is final. When
// the stream is cut nothing is called. So dial with the pending one first; once that channel is open, it is final.
typedef struct {
  // Given to every callback.
  void *context;
  // Stores the key as pending and returns 0 when it is there, whenever the power fails; the same key again is no
  // error and changes nothing, also when it is final by this code. `shared` is what lowkey_peer_init takes and as
  // secret as the private key. Anything but 0 refuses the peer: also if another key is pending under this code.
  int32_t (*store)(void *context,
                   const uint8_t *peer_key,
                   const uint8_t *shared,
                   const uint8_t *code);
  // Makes the key that is pending final: the peer has stored ours as well. The code is spent, the pinning of before
  // is gone. What cannot be made final stays pending; a channel in KK makes it final.
  void (*finalise)(void *context, const uint8_t *peer_key, const uint8_t *code);
  // Removes the key if it is pending: the peer has refused ours.
  void (*remove)(void *context, const uint8_t *peer_key, const uint8_t *code);
} lowkey_pin_store;

// The keys of a device that makes them itself, its pending and its final pinning, and the codes it has spent, in two
// banks of flash. Make it with lowkey_key_store_open.
//
// Each change is there whole or not at all, wherever the power fails; once a call has returned LOWKEY_OK nothing
// undoes it, and what was before has been erased. A pairing does not wait for an erase that fails, but the next start
// does.
typedef struct {
  // Not for you.
  uint64_t opaque[LOWKEY_KEY_STORE_WORDS];
} lowkey_key_store;

// Makes zeros of a unit, `len` bytes, whatever it holds, and returns 0 when that is done, anything else if it failed.
// The `context` is that of the flash.
typedef int32_t (*lowkey_clear)(void *context, uint32_t bank, size_t offset, size_t len);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Makes our identity of an X25519 private key.
//
// With `public_key` NULL it is computed, which takes one multiplication. A public key that does not belong to
// the private one makes every handshake fail at the peer; it reveals nothing. Both are copied; what you gave
// is yours to wipe.
//
// LOWKEY_BLANK: the private key is all zeros or all ones. LOWKEY_LENGTH: a key lies in `identity`. LOWKEY_NULL,
// LOWKEY_OUT_OF_TURN. After each of them the identity is as it was.
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
// LOWKEY_PEER_KEY: that key is our own, or protects nothing. LOWKEY_LENGTH: a key lies in `peer`. LOWKEY_NULL,
// LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN. After each of them the peer is as it was.
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
// LOWKEY_BLANK: the bytes are all zeros or all ones. LOWKEY_LENGTH: they lie in `psk`. LOWKEY_NULL,
// LOWKEY_OUT_OF_TURN. After each of them the object is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_psk_init(lowkey_psk *psk, const uint8_t bytes[32]);

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

// Gives what people compare of a public key, on a screen or a serial line: twenty letters and digits in groups of
// four, with hyphens between them and no zero at the end. `lowkey` prints the same of a device.
//
// LOWKEY_NULL: `text` is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_fingerprint(const uint8_t public_key[32],
                                 char text[24]);

// Begins a boot: every ephemeral key made from now on is new, even if the random source is stuck.
//
// `hedge` is 32 random bytes made and stored with the private key, and used for nothing else; they are copied.
// `boot` is a number that no call of this function on the device has had before, from lowkey_boot_log_next for
// example: attempts are counted within it, so an object made again in the same boot needs another.
// `random` is called for every handshake, with `context`, which must stay valid as long as `ephemerals` is used.
//
// LOWKEY_BLANK: the hedge secret is all zeros or all ones. LOWKEY_LENGTH: it lies in `ephemerals`. LOWKEY_NULL (also a
// NULL `random`), LOWKEY_OUT_OF_TURN. After each of them the object is as it was. `context` may be NULL.
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
// LOWKEY_NOT_OPEN: it has proven none yet, or the initiator's confirmation is awaited. LOWKEY_NULL,
// LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN; or what ended the channel. `key` is as it was.
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
// LOWKEY_NOT_OPEN: there are no keys yet, or a responder awaits the initiator's confirmation; who has accepted a key
// in a pairing does not take that back. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN; or what ended the
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

// Makes the PSK of a pairing from its code, and gives the code's name, which everybody may see. The code is 16 to 32
// random bytes, from a label area in flash for example; it is not kept, and is yours to wipe.
//
// LOWKEY_BLANK: all bits are zero or all are one, so nobody has written a code there; or it is the example of the
// protocol, which everybody knows. LOWKEY_LENGTH: fewer bytes than 16 or more than 32, or they lie in `psk`.
// LOWKEY_NULL, LOWKEY_OUT_OF_TURN. After each of them `psk` and `name` are as they were.
LOWKEY_MUST_USE
lowkey_status lowkey_code_psk(lowkey_psk *psk,
                              const uint8_t *code,
                              size_t code_len,
                              uint8_t name[8]);

// The same of a code as it stands on a label, or as people type it: the whole text of a label, LOWKEY:1/ and what
// follows, or the bare code in base32. Spaces and hyphens are skipped and lower case is accepted. `text` need not end
// with a zero, and none is counted in `text_len`.
//
// LOWKEY_LENGTH also for a letter that base32 does not have, and for a label's text of which a letter is another or
// whose version is a later one. Otherwise as lowkey_code_psk.
LOWKEY_MUST_USE
lowkey_status lowkey_code_text_psk(lowkey_psk *psk,
                                   const uint8_t *text,
                                   size_t text_len,
                                   uint8_t name[8]);

// Makes a pairing with the code whose PSK and name lowkey_code_psk has given. Of a responder it is the window as well:
// it remembers whom it has answered, and refuses a recording and, after 16 attempts that knew the code, everybody.
// When it ends is yours to say: wipe it then.
//
// `identity` and `psk` must stay, unchanged, as long as the pairing is used; `code` and `store` are copied.
//
// LOWKEY_NULL (also a callback), LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN: the pairing is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_pairing_init(lowkey_pairing *pairing,
                                  const lowkey_identity *identity,
                                  const lowkey_psk *psk,
                                  const uint8_t code[8],
                                  const lowkey_pin_store *store);

// Begins an attempt as the initiator, and makes the first message at once: this needs no network and takes one
// multiplication. Then lowkey_pairing_run, or lowkey_pairing_poll.
//
// `channel` and `ephemerals` as lowkey_xx_initiator has them. Statuses as there, and of the pairing.
LOWKEY_MUST_USE
lowkey_status lowkey_pairing_initiator(lowkey_pairing *pairing,
                                       lowkey_channel *channel,
                                       const lowkey_buffers *buffers,
                                       lowkey_ephemerals *ephemerals);

// Begins an attempt as the responder: waits for an initiator. Then lowkey_pairing_run, or lowkey_pairing_poll.
//
// Statuses as lowkey_responder, and of the pairing.
LOWKEY_MUST_USE
lowkey_status lowkey_pairing_responder(lowkey_pairing *pairing,
                                       lowkey_channel *channel,
                                       const lowkey_buffers *buffers);

// Says what the attempt needs next, as lowkey_poll does of a channel: LOWKEY_EVENT_READ or LOWKEY_EVENT_WRITE. What is
// to be decided it decides itself, and calls the store. LOWKEY_EVENT_END: both sides have stored the other's key, and
// have closed. Connect in KK then; the device is its initiator, and its key is the first for lowkey_pinning_id.
//
// `ephemerals` makes the second message, which takes three multiplications; an initiator may give NULL.
//
// After a status that is not recoverable, of this call or of one that moves bytes, or when you give up, the attempt
// is over; call this once more then: the last bytes of a pairing that has come to its end may be missing, and this
// gives LOWKEY_EVENT_END all the same. LOWKEY_DECLINED: `store` has refused the key. LOWKEY_NOT_WELCOME: the peer has
// refused ours, and `remove` has been called if it was stored. Whatever else ended it: what was stored is pending.
// LOWKEY_OUT_OF_TURN: no attempt is going on. LOWKEY_NULL (also missing `ephemerals`), LOWKEY_NOT_INITIALISED: nothing
// was done. `event` is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_pairing_poll(lowkey_pairing *pairing,
                                  lowkey_channel *channel,
                                  lowkey_ephemerals *ephemerals,
                                  lowkey_event *event);

// Reads and writes until the attempt is over. LOWKEY_OK: both sides have stored the other's key.
//
// LOWKEY_WOULD_BLOCK: a callback said so; call it again when the stream is ready. Other statuses as
// lowkey_pairing_poll, and LOWKEY_IO. Nothing here has a clock: your `read` gives up when it has waited for too long.
LOWKEY_MUST_USE
lowkey_status lowkey_pairing_run(lowkey_pairing *pairing,
                                 lowkey_channel *channel,
                                 const lowkey_io *io,
                                 lowkey_ephemerals *ephemerals);

// Makes zeros of a pairing, whatever its storage holds. What its store has is as it was.
//
// LOWKEY_NULL, LOWKEY_OUT_OF_TURN: nothing was wiped.
lowkey_status lowkey_pairing_wipe(lowkey_pairing *pairing);

// Opens the store in `flash`, which is new if both banks are erased. What a power cut has left undone is finished
// first, so this may erase a bank. `flash` is copied, and its callbacks are called whenever the store is changed; a
// bank has at least 1,024 bytes. With `clear` a start costs a part of a bank, and with NULL an erase.
//
// LOWKEY_LENGTH: no store fits there. LOWKEY_STORE_DAMAGED: see lowkey_key_store_start_over. LOWKEY_FLASH: the call
// can be repeated. After each of these nothing is left of the object. LOWKEY_NULL, LOWKEY_OUT_OF_TURN: it is as it
// was.
LOWKEY_MUST_USE
lowkey_status lowkey_key_store_open(lowkey_key_store *store,
                                    const lowkey_flash *flash,
                                    lowkey_clear clear);

// The same; but if the store is damaged, an empty one takes its place, in which lowkey_key_store_may_pair_unasked is
// false. Call this only when somebody has asked for it at the device: all keys and spent codes are gone.
//
// Statuses as lowkey_key_store_open, but for LOWKEY_STORE_DAMAGED.
LOWKEY_MUST_USE
lowkey_status lowkey_key_store_start_over(lowkey_key_store *store,
                                          const lowkey_flash *flash,
                                          lowkey_clear clear);

// Makes the private key, the hedge secret and the seed of 1,024 bytes of `random`, which has to be a source of noise:
// it is called with `context`, and what it gives passes the health tests of NIST SP 800-90B, 4.4. They find a source
// that is stuck, not one that only looks random: lowkey_seed_random, for example.
//
// LOWKEY_OUT_OF_TURN: there are keys already; lowkey_key_store_forget comes first. LOWKEY_ENTROPY: the source failed,
// or its tests did. LOWKEY_FLASH, LOWKEY_NULL (also a NULL `random`), LOWKEY_NOT_INITIALISED. `context` may be NULL.
LOWKEY_MUST_USE
lowkey_status lowkey_key_store_make_keys(lowkey_key_store *store,
                                         lowkey_random random,
                                         void *context);

// Whether the device has its keys. Of NULL, or of what is no store, false.
bool lowkey_key_store_has_keys(const lowkey_key_store *store);

// Whether a window for pairing may open at each start although nobody has asked for it at the device: nothing was ever
// final or spent. Of NULL, or of what is no store, false.
bool lowkey_key_store_may_pair_unasked(const lowkey_key_store *store);

// Begins a start, once: gives its number, and makes what lowkey_key_store_random then draws from; what both were made
// of is erased. So whoever reads the flash later cannot compute the ephemeral keys of this start. Give number and
// source to lowkey_ephemerals_init or to lowkey_kk_init; there is no boot log beside a store.
//
// LOWKEY_OUT_OF_TURN: there are no keys. LOWKEY_FLASH: the number is lost, and the call can be repeated. LOWKEY_NULL,
// LOWKEY_NOT_INITIALISED. `boot` is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_key_store_start(lowkey_key_store *store,
                                     uint64_t *boot);

// Adds `len` bytes of noise to what this start draws from: times between interrupts, what an ADC reads.
//
// LOWKEY_OUT_OF_TURN: no start has begun. LOWKEY_NULL, LOWKEY_LENGTH, LOWKEY_NOT_INITIALISED. Nothing was added.
// `noise` may be NULL if `len` is 0.
LOWKEY_MUST_USE
lowkey_status lowkey_key_store_stir(lowkey_key_store *store,
                                    const uint8_t *noise,
                                    size_t len);

// The lowkey_random of a store: give it to lowkey_ephemerals_init or lowkey_kk_init, with the lowkey_key_store as its
// context, once lowkey_key_store_start has begun the start.
//
// Fills `out` and returns 0, or returns a status and leaves `out` as it was: LOWKEY_OUT_OF_TURN (no start has begun,
// or its keys are forgotten), LOWKEY_NULL, LOWKEY_LENGTH, LOWKEY_NOT_INITIALISED.
LOWKEY_MUST_USE
int32_t lowkey_key_store_random(void *store,
                                uint8_t *out,
                                size_t len);

// Where the device's own keys lie: `private_key`, `public_key`, `hedge`, and the address. Everything else is NULL or
// 0. They lie in the store, until it is changed, wiped or moved.
//
// LOWKEY_OUT_OF_TURN: there are no keys. LOWKEY_NULL, LOWKEY_NOT_INITIALISED. `page` is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_key_store_own(const lowkey_key_store *store,
                                   lowkey_page *page);

// The same with the pinning that is pending, for lowkey_keys_init, which copies it. Dial with this one first, then
// with the final one, and tell lowkey_key_store_confirmed when a channel in KK is open.
//
// LOWKEY_OUT_OF_TURN also if none is pending. Otherwise as lowkey_key_store_own.
LOWKEY_MUST_USE
lowkey_status lowkey_key_store_pending(lowkey_key_store *store,
                                       lowkey_page *page);

// The same with the pinning that is final, which stays until the pending one is.
//
// LOWKEY_OUT_OF_TURN also if none is final. Otherwise as lowkey_key_store_own.
LOWKEY_MUST_USE
lowkey_status lowkey_key_store_final(lowkey_key_store *store, lowkey_page *page);

// The callbacks of a store for lowkey_pairing_init, which copies them.
//
// LOWKEY_NULL, LOWKEY_NOT_INITIALISED: `pins` is as it was.
LOWKEY_MUST_USE
lowkey_status lowkey_key_store_pins(lowkey_key_store *store, lowkey_pin_store *pins);

// A channel in KK with this peer is open, or has received something if we are its responder. If its pinning was
// pending, it is final now, and its code is spent.
//
// LOWKEY_FLASH: it stays pending. LOWKEY_NULL, LOWKEY_NOT_INITIALISED.
LOWKEY_MUST_USE
lowkey_status lowkey_key_store_confirmed(lowkey_key_store *store,
                                         const uint8_t peer_key[32]);

// Stores the peer's address, `len` bytes of text in UTF-8.
//
// LOWKEY_LENGTH: more than 64 bytes, or no text. LOWKEY_FLASH, LOWKEY_NULL, LOWKEY_NOT_INITIALISED.
LOWKEY_MUST_USE
lowkey_status lowkey_key_store_set_address(lowkey_key_store *store,
                                           const char *address,
                                           size_t len);

// Forgets the keys, the address and both pinnings: a factory reset. The names of the codes that were spent last stay,
// and so does whether a window has to be asked for. What was made of the keys is yours to wipe, and the server's
// registry still has the device.
//
// LOWKEY_FLASH: keys can still be read out of the flash; call this again, lowkey_key_store_open tries it as well.
// LOWKEY_NULL, LOWKEY_NOT_INITIALISED.
LOWKEY_MUST_USE
lowkey_status lowkey_key_store_forget(lowkey_key_store *store);

// Makes zeros of a store in memory, whatever its storage holds. What lies in the flash is as it was.
//
// LOWKEY_NULL, LOWKEY_OUT_OF_TURN: nothing was wiped.
lowkey_status lowkey_key_store_wipe(lowkey_key_store *store);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus
LOWKEY_ASSERT(identity, sizeof(lowkey_identity) == LOWKEY_IDENTITY_SIZE);
LOWKEY_ASSERT(peer, sizeof(lowkey_peer) == LOWKEY_PEER_SIZE);
LOWKEY_ASSERT(psk, sizeof(lowkey_psk) == LOWKEY_PSK_SIZE);
LOWKEY_ASSERT(ephemerals, sizeof(lowkey_ephemerals) == LOWKEY_EPHEMERALS_SIZE);
LOWKEY_ASSERT(channel, sizeof(lowkey_channel) == LOWKEY_CHANNEL_SIZE);
LOWKEY_ASSERT(pairing, sizeof(lowkey_pairing) == LOWKEY_PAIRING_SIZE);
LOWKEY_ASSERT(key_store, sizeof(lowkey_key_store) == LOWKEY_KEY_STORE_SIZE);
LOWKEY_ASSERT(mode, sizeof(lowkey_mode) == 4);

#endif // LOWKEY_H
