//! Messages in records, PING, CLOSE, and what can be asked of a channel.

use crate::call::{attempt, give};
use crate::channel::lowkey_channel;
use crate::errors::told;
use crate::raw::{self, Failure};
use crate::status::lowkey_status::{self, LOWKEY_NOT_OPEN, LOWKEY_OUT_OF_TURN, LOWKEY_WOULD_BLOCK};
use core::task::Poll;
use lowkey_transport::{Error, Part};

/// Gives the piece of a message that waits, in place where it was opened, and says whether the message ends with it.
/// Afterwards it does not wait any more; the bytes stay until the next lowkey_feed or lowkey_space, and may be given
/// to lowkey_send. An empty message is a piece of 0 bytes. A piece that came while LOWKEY_EVENT_WRITE could not be
/// acted upon is given as well.
///
/// LOWKEY_OUT_OF_TURN: no piece waits. LOWKEY_NOT_OPEN: the handshake is not over. LOWKEY_NULL,
/// LOWKEY_NOT_INITIALISED; or what ended the channel. `data`, `len` and `is_last` are as they were.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_take(
    channel: *mut lowkey_channel,
    data: *mut *const u8,
    len: *mut usize,
    is_last: *mut bool,
) -> lowkey_status {
    attempt(|| {
        let (to, count, last) = (raw::out(data)?, raw::out(len)?, raw::out(is_last)?);
        let link = raw::exclusive(channel)?.opened()?;
        let _ = link.receive()?; // opens what has come
        let Some(fragment) = link.take() else { return Err(LOWKEY_OUT_OF_TURN.into()) };
        to.set(fragment.bytes.as_ptr());
        count.set(fragment.bytes.len());
        last.set(fragment.part == Part::Last);
        Ok(())
    })
}

/// Sends one message of at most lowkey_max_data bytes as one record: it is sealed and waits in lowkey_unsent.
/// `message` may be NULL if `len` is 0. It may lie in the channel's incoming buffer; in the outgoing one that is
/// LOWKEY_LENGTH.
///
/// LOWKEY_WOULD_BLOCK: something is unsent, write that first. LOWKEY_TOO_LONG, LOWKEY_NOT_OPEN, LOWKEY_CLOSED,
/// LOWKEY_UNFINISHED, LOWKEY_NULL, LOWKEY_LENGTH, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN. Nothing was sent.
/// LOWKEY_EXHAUSTED, or what ended the channel: it is over.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_send(
    channel: *mut lowkey_channel,
    message: *const u8,
    len: usize,
) -> lowkey_status {
    attempt(|| {
        let link = &mut raw::exclusive(channel)?.link;
        raw::lie_outside(link.outgoing_memory(), message, len)?;
        sent(link.send(raw::found(message, len)))
    })
}

/// Sends a piece of a message, as much as one record carries, and says in `taken` how many bytes that was. The message
/// ends with a call whose `is_last` is true and whose `taken` is `len`: repeat it with the rest until then. A piece
/// of 0 bytes that is not the last sends nothing.
///
/// LOWKEY_WOULD_BLOCK: something is unsent, write that first. LOWKEY_UNFINISHED: lowkey_send_message has begun a
/// message and ends it itself. LOWKEY_NOT_OPEN, LOWKEY_CLOSED, LOWKEY_NULL, LOWKEY_LENGTH, LOWKEY_NOT_INITIALISED,
/// LOWKEY_OUT_OF_TURN. Nothing was sent and `taken` is as it was. LOWKEY_EXHAUSTED, or what ended the channel: it is
/// over.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_send_part(
    channel: *mut lowkey_channel,
    bytes: *const u8,
    len: usize,
    is_last: bool,
    taken: *mut usize,
) -> lowkey_status {
    attempt(|| {
        let (taken, link) = (raw::out(taken)?, &mut raw::exclusive(channel)?.link);
        raw::lie_outside(link.outgoing_memory(), bytes, len)?;
        let part = if is_last { Part::Last } else { Part::More };
        taken.set(sent(link.send_part(raw::found(bytes, len), part))?);
        Ok(())
    })
}

/// Sends a PING of 0 to 32 bytes; an empty one is not answered. lowkey_awaits_pong says whether the answer has come.
///
/// LOWKEY_WOULD_BLOCK: something is unsent, write that first. LOWKEY_TOO_LONG, LOWKEY_PING_PENDING, LOWKEY_NOT_OPEN,
/// LOWKEY_CLOSED, LOWKEY_NULL, LOWKEY_LENGTH, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN. Nothing was sent.
/// LOWKEY_EXHAUSTED, or what ended the channel: it is over.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_ping(
    channel: *mut lowkey_channel,
    body: *const u8,
    len: usize,
) -> lowkey_status {
    attempt(|| {
        let link = &mut raw::exclusive(channel)?.link;
        raw::lie_outside(link.outgoing_memory(), body, len)?;
        sent(link.ping(raw::found(body, len)))
    })
}

/// Ends our direction, once: nothing can be sent afterwards, the peer's goes on. Our CLOSE leaves behind what is unsent
/// (lowkey_unsent, or lowkey_flush). A second time it does nothing. Inside a message the peer sees a truncation. In a
/// pairing that is not over it refuses the peer: when it has left, lowkey_poll gives LOWKEY_DECLINED.
///
/// LOWKEY_NOT_OPEN: there are no keys yet, or a responder awaits the initiator's confirmation; who has accepted a key
/// in a pairing does not take that back. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN; or what ended the
/// channel. Nothing was sent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_close(channel: *mut lowkey_channel) -> lowkey_status {
    attempt(|| told(raw::exclusive(channel)?.link.close()))
}

/// Gives the most bytes that one record carries to this peer.
///
/// LOWKEY_NOT_OPEN: the handshake is not over. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN; or what ended
/// the channel. `len` is as it was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_max_data(channel: *const lowkey_channel, len: *mut usize) -> lowkey_status {
    give(|| {
        let (len, channel) = (raw::out(len)?, raw::shared(channel)?);
        channel.link.alive()?;
        if !channel.has_opened {
            return Err(LOWKEY_NOT_OPEN.into());
        }
        Ok((len, channel.link.max_data()))
    })
}

/// Gives the handshake hash (Noise, section 11.2): equal on both sides, different for every handshake. Something else
/// can be bound to the channel with it; in XX without a PSK it is what people or machines compare.
///
/// LOWKEY_NOT_OPEN: there is none yet. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN; or what ended the
/// channel. `hash` is as it was.
/// cbindgen:ptrs-as-arrays=[[hash;32]]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_handshake_hash(
    channel: *const lowkey_channel,
    hash: *mut u8,
) -> lowkey_status {
    give(|| {
        let (hash, link) = (raw::out_array(hash)?, &raw::shared(channel)?.link);
        link.alive()?;
        Ok((hash, link.handshake_hash().ok_or(LOWKEY_NOT_OPEN)?))
    })
}

/// Whether LOWKEY_EVENT_OPEN has been given, and neither lowkey_close nor a failure has ended sending since. False for
/// what is not a channel.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_is_open(channel: *const lowkey_channel) -> bool {
    raw::shared(channel).is_ok_and(|channel| channel.has_opened && channel.link.is_open())
}

/// Whether the answer to the last lowkey_ping has not come yet. False for what is not a channel.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_awaits_pong(channel: *const lowkey_channel) -> bool {
    raw::shared(channel).is_ok_and(|channel| channel.link.awaits_pong())
}

/// Whether the peer's CLOSE has come, and ours has left to its last byte. False for what is not a channel.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_is_closed(channel: *const lowkey_channel) -> bool {
    raw::shared(channel).is_ok_and(|channel| channel.link.is_closed())
}

/// What came of sending: nothing while something is unsent.
fn sent<T>(sent: Result<Poll<T>, Error>) -> Result<T, Failure> {
    match sent? {
        Poll::Ready(sent) => Ok(sent),
        Poll::Pending => Err(LOWKEY_WOULD_BLOCK.into()),
    }
}
