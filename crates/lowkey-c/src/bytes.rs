//! Way 1: you move the bytes.

use crate::call::attempt;
use crate::channel::lowkey_channel;
use crate::errors::told;
use crate::event::lowkey_event;
use crate::raw;
use crate::status::lowkey_status::{self, LOWKEY_LENGTH};
use core::convert::Infallible;

/// Looks at what has come and says what is next. Every event but LOWKEY_EVENT_OPEN is given again until it has been
/// acted upon. While something is unsent, the answer to a PING of the peer for example, it is LOWKEY_EVENT_WRITE; so
/// who sees LOWKEY_EVENT_DATA can lowkey_send an answer at once.
///
/// The first call after lowkey_sent with 0 looks past what is unsent, also in a handshake: a stream that takes nothing
/// keeps nobody from reading. The call after that gives LOWKEY_EVENT_WRITE again.
///
/// A status that is not recoverable: the channel is over. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN:
/// nothing was done. `event` is as it was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_poll(
    channel: *mut lowkey_channel,
    event: *mut lowkey_event,
) -> lowkey_status {
    attempt(|| {
        let event = raw::out(event)?;
        event.set(raw::exclusive(channel)?.poll()?);
        Ok(())
    })
}

/// Gives bytes of the stream to the channel, which takes as many of the `len` as belong to one frame and says how
/// many in `taken`. If that is less than `len`, poll until LOWKEY_EVENT_READ and feed the rest. `bytes` may be NULL if
/// `len` is 0.
///
/// What lowkey_take gave is not valid any more.
///
/// A status that is not recoverable: the channel is over. LOWKEY_NULL, LOWKEY_LENGTH, LOWKEY_NOT_INITIALISED,
/// LOWKEY_OUT_OF_TURN: nothing was taken. `taken` is as it was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_feed(
    channel: *mut lowkey_channel,
    bytes: *const u8,
    len: usize,
    taken: *mut usize,
) -> lowkey_status {
    attempt(|| {
        let (taken, link) = (raw::out(taken)?, &mut raw::exclusive(channel)?.link);
        raw::lie_outside(link.incoming_memory(), bytes, len)?;
        taken.set(link.feed(raw::found(bytes, len))?);
        Ok(())
    })
}

/// Says that the stream has ended: the connection was closed by the peer, or is lost. Only after the peer's CLOSE is
/// that LOWKEY_OK.
///
/// LOWKEY_HUNG_UP (in the handshake), LOWKEY_TRUNCATED; or what ended the channel before. LOWKEY_NULL,
/// LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_feed_end(channel: *mut lowkey_channel) -> lowkey_status {
    attempt(|| told(raw::exclusive(channel)?.link.on_read(Ok::<_, Infallible>(0))))
}

/// Gives the room where the next bytes of the stream belong, so that they can be read into it: at most `len` bytes;
/// then call lowkey_filled. `len` is 0 while a whole frame waits: poll first. What lowkey_take gave is not valid any
/// more. DMA does not go there: see lowkey_io.
///
/// LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN; or what ended the channel. `space` and `len` are as they
/// were.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_space(
    channel: *mut lowkey_channel,
    space: *mut *mut u8,
    len: *mut usize,
) -> lowkey_status {
    attempt(|| {
        let (to, count) = (raw::out(space)?, raw::out(len)?);
        let link = &mut raw::exclusive(channel)?.link;
        link.unsent()?; // what ended it, if something has
        let space = link.space();
        to.set(space.as_mut_ptr());
        count.set(space.len());
        Ok(())
    })
}

/// Says that `len` bytes of the stream were put into lowkey_space. 0 does nothing; for the stream's end there is
/// lowkey_feed_end.
///
/// A status that is not recoverable: the channel is over. LOWKEY_LENGTH: more than there was room for.
/// LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN: nothing was done.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_filled(channel: *mut lowkey_channel, len: usize) -> lowkey_status {
    attempt(|| {
        let link = &mut raw::exclusive(channel)?.link;
        link.unsent()?; // what ended it, if something has
        match len {
            0 => Ok(()),
            len if len > link.space().len() => Err(LOWKEY_LENGTH.into()),
            len => told(link.on_read(Ok::<_, Infallible>(len))),
        }
    })
}

/// Gives the bytes that the stream has to take next. They are valid until the next call that sends something; `len`
/// is 0 if nothing is unsent. DMA does not take them from there: see lowkey_io.
///
/// LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN; or what ended the channel. `bytes` and `len` are as they
/// were.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_unsent(
    channel: *mut lowkey_channel,
    bytes: *mut *const u8,
    len: *mut usize,
) -> lowkey_status {
    attempt(|| {
        let (to, count) = (raw::out(bytes)?, raw::out(len)?);
        let unsent = raw::exclusive(channel)?.link.unsent()?;
        to.set(unsent.as_ptr());
        count.set(unsent.len());
        Ok(())
    })
}

/// Says that the stream took `len` bytes of lowkey_unsent: it has copied them, and sends them. 0 says that it takes
/// none now: the next lowkey_poll says what there is to do besides.
///
/// LOWKEY_LENGTH: more than is unsent. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN; or what ended the
/// channel. Nothing was done.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_sent(channel: *mut lowkey_channel, len: usize) -> lowkey_status {
    attempt(|| {
        let channel = raw::exclusive(channel)?;
        let unsent = channel.link.unsent()?.len();
        if len > unsent {
            return Err(LOWKEY_LENGTH.into());
        }
        channel.is_stuck = len == 0 && unsent > 0;
        match len {
            0 => Ok(()),
            len => told(channel.link.on_write(Ok::<_, Infallible>(len))),
        }
    })
}
