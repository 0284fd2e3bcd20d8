//! What every function returns.

use core::ffi::{CStr, c_char};

use lowkey_status::*;

/// What came of a call. The numbers never change.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lowkey_status {
    /// It went well.
    LOWKEY_OK = 0,
    /// Yours: a pointer is NULL, or is not aligned. Nothing was done.
    LOWKEY_NULL = 1,
    /// Yours: the object was never initialised, has been wiped, is another object, or a copy of one. Nothing was done.
    LOWKEY_NOT_INITIALISED = 2,
    /// Yours: a length that is not allowed here, a number that its enumeration does not have, or a buffer that lies
    /// over another one, over an object, or over the end of the address space. Nothing was done.
    LOWKEY_LENGTH = 3,
    /// Yours: a buffer is too small. Nothing was done; repeat the call with a larger one.
    LOWKEY_BUFFER_TOO_SMALL = 4,
    /// Yours: the call does not fit the state of the object, or comes from a callback of a call that is inside
    /// this very object. Nothing was done.
    LOWKEY_OUT_OF_TURN = 5,
    /// Yours: the channel carries no messages: not open yet, or made for pairing. Nothing was done.
    LOWKEY_NOT_OPEN = 6,
    /// Yours: longer than one record carries, or a PING of more than 32 bytes. Nothing was sent.
    LOWKEY_TOO_LONG = 7,
    /// Yours: sending after lowkey_close. Receiving goes on.
    LOWKEY_CLOSED = 8,
    /// Yours: a message was begun and not finished; finish it first.
    LOWKEY_UNFINISHED = 9,
    /// Yours: the answer to the last PING has not come yet.
    LOWKEY_PING_PENDING = 10,
    /// Not now: what is unsent has to go first, or a callback said LOWKEY_IO_WOULD_BLOCK. Repeat the call later
    /// with the same arguments.
    LOWKEY_WOULD_BLOCK = 11,

    /// The world's: the random callback failed. The handshake is over.
    LOWKEY_ENTROPY = 12,
    /// No number is left under this key, or of this boot. A channel is over.
    LOWKEY_EXHAUSTED = 13,
    /// Yours or the peer's: the key offered as the peer's is our own, or protects nothing (low order).
    LOWKEY_PEER_KEY = 14,
    /// The peer refused: it does not know us by this id, mode and key. Nobody has authenticated that, nor the other
    /// three refusals: a hint for people, never a decision.
    LOWKEY_REFUSED = 15,
    /// We refused the peer, and told it so.
    LOWKEY_DECLINED = 16,
    /// The stream ended before the handshake was over.
    LOWKEY_HUNG_UP = 17,
    /// The peer closed in a pairing instead of accepting our key.
    LOWKEY_NOT_WELCOME = 18,
    /// The stream ended without the peer's CLOSE, or its CLOSE came inside a message: something is missing.
    LOWKEY_TRUNCATED = 19,
    /// The peer's: a frame of length 0.
    LOWKEY_EMPTY_FRAME = 20,
    /// The peer's: a frame longer than we allow. It was not read.
    LOWKEY_FRAME_TOO_LONG = 21,
    /// The peer's: a frame too short for what it must hold.
    LOWKEY_FRAME_TOO_SHORT = 22,
    /// The peer's: a malformed hello.
    LOWKEY_HELLO = 23,
    /// The peer's, or somebody's between: a handshake message does not open. Other keys, another PSK, or changed
    /// on its way: which one is not known, by design.
    LOWKEY_HANDSHAKE = 24,
    /// The peer's: handshake parameters that are not allowed.
    LOWKEY_PARAMETERS = 25,
    /// The peer's, or somebody's between: a record does not open. Forged, repeated, missing or out of order.
    LOWKEY_RECORD = 26,
    /// The peer's: a record of a kind that does not exist, or not here.
    LOWKEY_KIND = 27,
    /// The peer's: a message longer than our limit.
    LOWKEY_MESSAGE_TOO_LONG = 28,
    /// The peer's: something after its CLOSE.
    LOWKEY_AFTER_CLOSE = 29,
    /// The library's: something came to be that cannot be. The channel is over; please report it.
    LOWKEY_BUG = 30,

    /// The world's: a callback that moves bytes failed. The channel is over.
    LOWKEY_IO = 32,
    /// The world's: the boot log could not be moved on; no number was used.
    LOWKEY_COUNTER = 33,
    /// The key page: fewer than LOWKEY_PAGE_LEN bytes.
    LOWKEY_PAGE_TOO_SHORT = 34,
    /// The key page: erased flash. This device has not been provisioned.
    LOWKEY_PAGE_BLANK = 35,
    /// The key page: something else lies in its place.
    LOWKEY_PAGE_MISSING = 36,
    /// The key page: of a layout that this firmware does not know.
    LOWKEY_PAGE_VERSION = 37,
    /// The key page: its check does not match. Damaged, or written halfway.
    LOWKEY_PAGE_DAMAGED = 38,
    /// The key page: its check matches and a field is impossible. The provisioning tool's error.
    LOWKEY_PAGE_MALFORMED = 39,
    /// Yours: a private key, a PSK, a hedge secret or a seed is all zeros or all ones: memory that was cleared or flash
    /// that was erased, and no secret. Nothing was done.
    LOWKEY_BLANK = 40,
    /// The key store: neither bank is whole, and that is not what a power cut leaves. It is no new store.
    LOWKEY_STORE_DAMAGED = 41,
    /// The world's: the flash of a key store did not do what it was asked. What was there before is as it was; or the
    /// change is stored, and what was there before can still be read out until a call succeeds.
    LOWKEY_FLASH = 42,
    /// The peer's: a number that does not rise, an acknowledgement of what was not sent, or either out of place.
    LOWKEY_NUMBER = 43,
    /// Yours: this peer does not acknowledge messages, or numbers none. Nothing was sent; the channel goes on, for
    /// messages without numbers.
    LOWKEY_NOT_ACKNOWLEDGED = 44,
    /// The peer has a number that we have not given yet, or another message under one that we have: this flash or this
    /// RAM is older than what was sent, or another board has our keys. Nothing was sent or released; the channel goes
    /// on, for messages without numbers.
    LOWKEY_WENT_BACK = 45,
    /// Not now: an outbox has no room until something is acknowledged. Nothing was taken.
    LOWKEY_FULL = 46,

    /// The peer refused: it does not speak this version. A hint, as LOWKEY_REFUSED.
    LOWKEY_REFUSED_VERSION = 65,
    /// The peer refused: it does not offer this mode.
    LOWKEY_REFUSED_MODE = 66,
    /// The peer refused: it is busy.
    LOWKEY_REFUSED_BUSY = 67,
}

/// A status as C gives it: any number. In the header it is a lowkey_status.
pub type lowkey_any_status = i32;

/// A short text for a status, in English, for a log: zero-terminated, in flash, never NULL. For a number that is
/// no status it says so.
#[unsafe(no_mangle)]
pub extern "C" fn lowkey_status_text(status: lowkey_any_status) -> *const c_char {
    let known = TEXTS.iter().find(|(known, _)| *known as i32 == status);
    known.map_or(c"unknown status", |(_, text)| *text).as_ptr()
}

/// Whether an object goes on after this status: LOWKEY_OK, and what is yours. After every other one a channel is
/// over: its keys are wiped, and every later call on it returns the same status.
#[unsafe(no_mangle)]
pub extern "C" fn lowkey_is_recoverable(status: lowkey_any_status) -> bool {
    (LOWKEY_OK as i32..=LOWKEY_WOULD_BLOCK as i32).contains(&status)
        || (LOWKEY_NOT_ACKNOWLEDGED as i32..=LOWKEY_FULL as i32).contains(&status)
}

const TEXTS: [(lowkey_status, &CStr); 49] = [
    (LOWKEY_OK, c"ok"),
    (LOWKEY_NULL, c"a pointer is NULL or not aligned"),
    (LOWKEY_NOT_INITIALISED, c"the object is not initialised, or a copy"),
    (LOWKEY_LENGTH, c"a length, a number or where a buffer lies is not allowed here"),
    (LOWKEY_BUFFER_TOO_SMALL, c"buffer too small"),
    (LOWKEY_OUT_OF_TURN, c"call out of turn"),
    (LOWKEY_NOT_OPEN, c"the channel carries no messages"),
    (LOWKEY_TOO_LONG, c"longer than one record carries"),
    (LOWKEY_CLOSED, c"sending after close"),
    (LOWKEY_UNFINISHED, c"a message was begun and not finished"),
    (LOWKEY_PING_PENDING, c"the last PING has not been answered yet"),
    (LOWKEY_WOULD_BLOCK, c"not now, try again"),
    (LOWKEY_ENTROPY, c"the random callback failed"),
    (LOWKEY_EXHAUSTED, c"no number is left under this key"),
    (LOWKEY_PEER_KEY, c"the peer's static key is our own or of low order"),
    (LOWKEY_REFUSED, c"refused: the peer does not know us by this id, mode and key"),
    (LOWKEY_DECLINED, c"we refused the peer"),
    (LOWKEY_HUNG_UP, c"the stream ended during the handshake"),
    (LOWKEY_NOT_WELCOME, c"the peer did not accept our key"),
    (LOWKEY_TRUNCATED, c"the stream ended without the peer's close"),
    (LOWKEY_EMPTY_FRAME, c"frame of length 0"),
    (LOWKEY_FRAME_TOO_LONG, c"frame longer than allowed"),
    (LOWKEY_FRAME_TOO_SHORT, c"frame too short"),
    (LOWKEY_HELLO, c"malformed hello"),
    (LOWKEY_HANDSHAKE, c"handshake message does not open: other keys, or changed on its way"),
    (LOWKEY_PARAMETERS, c"handshake parameters not allowed"),
    (LOWKEY_RECORD, c"record does not open: forged, repeated, missing or out of order"),
    (LOWKEY_KIND, c"record of an unknown or unexpected kind"),
    (LOWKEY_MESSAGE_TOO_LONG, c"message longer than our limit"),
    (LOWKEY_AFTER_CLOSE, c"something after the peer's close"),
    (LOWKEY_BUG, c"a fault of the library: please report it"),
    (LOWKEY_IO, c"the stream failed"),
    (LOWKEY_COUNTER, c"the boot log could not be moved on"),
    (LOWKEY_PAGE_TOO_SHORT, c"key page: too short"),
    (LOWKEY_PAGE_BLANK, c"key page: blank, this device has not been provisioned"),
    (LOWKEY_PAGE_MISSING, c"key page: something else is in its place"),
    (LOWKEY_PAGE_VERSION, c"key page: of a version that this firmware does not know"),
    (LOWKEY_PAGE_DAMAGED, c"key page: damaged, its check does not match"),
    (LOWKEY_PAGE_MALFORMED, c"key page: a field is impossible"),
    (LOWKEY_BLANK, c"a secret is all zeros or all ones: nobody has written one there"),
    (LOWKEY_STORE_DAMAGED, c"key store: damaged"),
    (LOWKEY_FLASH, c"key store: the flash failed"),
    (LOWKEY_NUMBER, c"a number that does not rise, or an acknowledgement of what was not sent"),
    (LOWKEY_NOT_ACKNOWLEDGED, c"the peer does not acknowledge messages, or numbers none"),
    (
        LOWKEY_WENT_BACK,
        c"numbers went back: this memory is older than what was sent, or our keys have been copied",
    ),
    (LOWKEY_FULL, c"the outbox is full until something is acknowledged"),
    (LOWKEY_REFUSED_VERSION, c"refused: the peer does not speak this version"),
    (LOWKEY_REFUSED_MODE, c"refused: the peer does not offer this mode"),
    (LOWKEY_REFUSED_BUSY, c"refused: the peer is busy"),
];
