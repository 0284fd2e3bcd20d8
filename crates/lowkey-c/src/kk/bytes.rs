//! Way 1: you move the bytes.

use super::device::{channel, lowkey_kk};
use super::machine::Machine;
use crate::event::lowkey_event;
use crate::raw;
use crate::status::lowkey_status::{self, LOWKEY_LENGTH};

/// Looks at what has come and says what is next. Every event but LOWKEY_EVENT_OPEN is given again until it has been
/// acted upon. While something is unsent, the answer to a PING of the peer for example, it is LOWKEY_EVENT_WRITE; so
/// who sees LOWKEY_EVENT_DATA can lowkey_kk_send an answer at once.
///
/// The first call after lowkey_kk_sent with 0 looks past what is unsent, also in a handshake: a stream that takes
/// nothing keeps nobody from reading. The call after that gives LOWKEY_EVENT_WRITE again.
///
/// A status that is not recoverable: the channel is over. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN:
/// nothing was done. `event` is as it was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_poll(device: *mut lowkey_kk, event: *mut lowkey_event) -> lowkey_status {
    channel(device, |machine| {
        let event = raw::out(event)?;
        event.set(machine.poll()?);
        Ok(())
    })
}

/// Gives bytes of the stream to the device, which takes as many of the `len` as belong to one frame and says how
/// many in `taken`. If that is less than `len`, poll until LOWKEY_EVENT_READ and feed the rest. `bytes` may be NULL if
/// `len` is 0.
///
/// What lowkey_kk_take gave is not valid any more.
///
/// A status that is not recoverable: the channel is over. LOWKEY_NULL, LOWKEY_LENGTH, LOWKEY_NOT_INITIALISED,
/// LOWKEY_OUT_OF_TURN: nothing was taken. `taken` is as it was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_feed(
    device: *mut lowkey_kk,
    bytes: *const u8,
    len: usize,
    taken: *mut usize,
) -> lowkey_status {
    channel(device, |machine| {
        let taken = raw::out(taken)?;
        raw::lie_outside(&machine.setup.incoming, bytes, len)?;
        taken.set(machine.feed(raw::found(bytes, len))?);
        Ok(())
    })
}

/// Says that the stream has ended: it was closed by the peer, or is lost. Only after the peer's CLOSE is that
/// LOWKEY_OK.
///
/// LOWKEY_HUNG_UP (in the handshake), LOWKEY_TRUNCATED; or what ended the channel before. LOWKEY_NULL,
/// LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_feed_end(device: *mut lowkey_kk) -> lowkey_status {
    channel(device, Machine::hung_up)
}

/// Gives the room where the next bytes of the stream belong, so that they can be read into it: at most `len` bytes;
/// then call lowkey_kk_filled. `len` is 0 while a whole frame waits: poll first. What lowkey_kk_take gave is not valid
/// any more. DMA does not go there: see lowkey_io.
///
/// LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN; or what ended the channel. `space` and `len` are as they
/// were.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_space(
    device: *mut lowkey_kk,
    space: *mut *mut u8,
    len: *mut usize,
) -> lowkey_status {
    channel(device, |machine| {
        let (to, count) = (raw::out(space)?, raw::out(len)?);
        let space = machine.space();
        to.set(space.as_mut_ptr());
        count.set(space.len());
        Ok(())
    })
}

/// Says that `len` bytes of the stream were put into lowkey_kk_space. 0 does nothing; for the stream's end there is
/// lowkey_kk_feed_end.
///
/// A status that is not recoverable: the channel is over. LOWKEY_LENGTH: more than there was room for.
/// LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN: nothing was done.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_filled(device: *mut lowkey_kk, len: usize) -> lowkey_status {
    channel(device, |machine| match len {
        0 => Ok(()),
        len if len > machine.space().len() => Err(LOWKEY_LENGTH.into()),
        len => machine.filled(len),
    })
}

/// Gives the bytes that the stream has to take next. They are valid until the next call that sends something; `len`
/// is 0 if nothing is unsent. DMA does not take them from there: see lowkey_io.
///
/// LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN; or what ended the channel. `bytes` and `len` are as they
/// were.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_unsent(
    device: *mut lowkey_kk,
    bytes: *mut *const u8,
    len: *mut usize,
) -> lowkey_status {
    channel(device, |machine| {
        let (to, count) = (raw::out(bytes)?, raw::out(len)?);
        machine.prepare()?;
        let unsent = machine.unsent();
        to.set(unsent.as_ptr());
        count.set(unsent.len());
        Ok(())
    })
}

/// Says that the stream took `len` bytes of lowkey_kk_unsent: it has copied them, and sends them. 0 says that it takes
/// none now: the next lowkey_kk_poll says what there is to do besides.
///
/// LOWKEY_LENGTH: more than is unsent. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN; or what ended the
/// channel. Nothing was done.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_sent(device: *mut lowkey_kk, len: usize) -> lowkey_status {
    channel(device, |machine| machine.sent(len))
}
