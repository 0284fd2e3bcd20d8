//! Messages in records, PING, CLOSE, and what can be asked of a channel.

use super::device::{channel, look, lowkey_kk};
use super::machine::Machine;
use crate::call::attempt;
use crate::raw;
use crate::status::lowkey_status::{self, LOWKEY_OUT_OF_TURN};

/// Gives the piece of a message that waits, in place where it was opened, and says whether the message ends with it.
/// Afterwards it does not wait any more; the bytes stay until the next lowkey_kk_feed or lowkey_kk_space, and may be
/// given to lowkey_kk_send. An empty message is a piece of 0 bytes. A piece that came while LOWKEY_EVENT_WRITE could
/// not be acted upon is given as well.
///
/// LOWKEY_OUT_OF_TURN: no piece waits. LOWKEY_NOT_OPEN: the handshake is not over. LOWKEY_NULL,
/// LOWKEY_NOT_INITIALISED; or what ended the channel. `data`, `len` and `is_last` are as they were.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_take(
    device: *mut lowkey_kk,
    data: *mut *const u8,
    len: *mut usize,
    is_last: *mut bool,
) -> lowkey_status {
    channel(device, |machine| {
        let (to, count, last) = (raw::out(data)?, raw::out(len)?, raw::out(is_last)?);
        machine.opened()?;
        machine.receive()?; // opens what has come
        let ends = machine.take().ok_or(LOWKEY_OUT_OF_TURN)?;
        let piece = machine.piece();
        to.set(piece.as_ptr());
        count.set(piece.len());
        last.set(ends);
        Ok(())
    })
}

/// Sends one message of at most lowkey_kk_max_data bytes as one record: it is sealed and waits in lowkey_kk_unsent.
/// `message` may be NULL if `len` is 0. It may lie in the incoming buffer; in the outgoing one that is LOWKEY_LENGTH.
///
/// LOWKEY_WOULD_BLOCK: something is unsent, write that first. LOWKEY_TOO_LONG, LOWKEY_NOT_OPEN, LOWKEY_CLOSED,
/// LOWKEY_UNFINISHED, LOWKEY_NULL, LOWKEY_LENGTH, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN. Nothing was sent.
/// LOWKEY_EXHAUSTED, or what ended the channel: it is over.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_send(
    device: *mut lowkey_kk,
    message: *const u8,
    len: usize,
) -> lowkey_status {
    channel(device, |machine| {
        raw::lie_outside(&machine.setup.outgoing, message, len)?;
        machine.send(raw::found(message, len))
    })
}

/// Sends a piece of a message, as much as one record carries, and says in `taken` how many bytes that was. The message
/// ends with a call whose `is_last` is true and whose `taken` is `len`: repeat it with the rest until then. A piece
/// of 0 bytes that is not the last sends nothing.
///
/// LOWKEY_WOULD_BLOCK: something is unsent, write that first. LOWKEY_UNFINISHED: lowkey_kk_send_message has begun a
/// message and ends it itself. LOWKEY_NOT_OPEN, LOWKEY_CLOSED, LOWKEY_NULL, LOWKEY_LENGTH, LOWKEY_NOT_INITIALISED,
/// LOWKEY_OUT_OF_TURN. Nothing was sent and `taken` is as it was. LOWKEY_EXHAUSTED, or what ended the channel: it is
/// over.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_send_part(
    device: *mut lowkey_kk,
    bytes: *const u8,
    len: usize,
    is_last: bool,
    taken: *mut usize,
) -> lowkey_status {
    channel(device, |machine| {
        let taken = raw::out(taken)?;
        raw::lie_outside(&machine.setup.outgoing, bytes, len)?;
        taken.set(machine.send_part(raw::found(bytes, len), is_last)?);
        Ok(())
    })
}

/// Sends a PING of 0 to 32 bytes; an empty one is not answered. lowkey_kk_awaits_pong says whether the answer has come.
///
/// LOWKEY_WOULD_BLOCK: something is unsent, write that first. LOWKEY_TOO_LONG, LOWKEY_PING_PENDING, LOWKEY_NOT_OPEN,
/// LOWKEY_CLOSED, LOWKEY_NULL, LOWKEY_LENGTH, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN. Nothing was sent.
/// LOWKEY_EXHAUSTED, or what ended the channel: it is over.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_ping(
    device: *mut lowkey_kk,
    body: *const u8,
    len: usize,
) -> lowkey_status {
    channel(device, |machine| {
        raw::lie_outside(&machine.setup.outgoing, body, len)?;
        machine.ping(raw::found(body, len))
    })
}

/// Ends our direction, once: nothing can be sent afterwards, the peer's goes on. Our CLOSE leaves behind what is unsent
/// (lowkey_kk_unsent, or lowkey_kk_flush). A second time it does nothing. Inside a message the peer sees a truncation.
///
/// LOWKEY_NOT_OPEN: there are no keys yet. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN; or what ended the
/// channel. Nothing was sent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_close(device: *mut lowkey_kk) -> lowkey_status {
    channel(device, Machine::close)
}

/// Gives the most bytes that one record carries to this peer.
///
/// LOWKEY_NOT_OPEN: the handshake is not over. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN; or what ended
/// the channel. `len` is as it was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_max_data(device: *const lowkey_kk, len: *mut usize) -> lowkey_status {
    attempt(|| {
        let (len, machine) = (raw::out(len)?, look(device)?);
        machine.opened()?;
        len.set(machine.max_data());
        Ok(())
    })
}

/// Gives the handshake hash (Noise, section 11.2): equal on both sides, different for every handshake. Something else
/// can be bound to the channel with it.
///
/// LOWKEY_NOT_OPEN: there is none yet. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN; or what ended the
/// channel. `hash` is as it was.
/// cbindgen:ptrs-as-arrays=[[hash;32]]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_handshake_hash(device: *const lowkey_kk, hash: *mut u8) -> lowkey_status {
    attempt(|| {
        let (hash, machine) = (raw::out_array(hash)?, look(device)?);
        machine.keyed()?;
        hash.set(*machine.handshake_hash());
        Ok(())
    })
}

/// Whether LOWKEY_EVENT_OPEN has been given, and neither lowkey_kk_close nor a failure has ended sending since. False
/// for what is not a device.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_is_open(device: *const lowkey_kk) -> bool {
    look(device).is_ok_and(Machine::is_open)
}

/// Whether the answer to the last lowkey_kk_ping has not come yet. False for what is not a device.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_awaits_pong(device: *const lowkey_kk) -> bool {
    look(device).is_ok_and(Machine::awaits_pong)
}

/// Whether the peer's CLOSE has come, and ours has left to its last byte. No key of the channel is left then. False for
/// what is not a device.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_is_closed(device: *const lowkey_kk) -> bool {
    look(device).is_ok_and(Machine::is_closed)
}
