//! Way 2: two callbacks move the bytes.

use super::device::{calling_back, lowkey_kk};
use super::machine::Machine;
use crate::event::lowkey_event;
use crate::io::lowkey_io;
use crate::raw;
use crate::status::lowkey_status::{self, LOWKEY_LENGTH};

/// Reads and writes until there is an event other than LOWKEY_EVENT_READ and LOWKEY_EVENT_WRITE. It reads on while the
/// stream takes nothing; so an event may come while something is unsent.
///
/// LOWKEY_WOULD_BLOCK: a callback said so; call it again when the stream is ready. A status that is not recoverable,
/// LOWKEY_IO among them: the channel is over. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN: nothing was
/// done. `event` is as it was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_run(
    device: *mut lowkey_kk,
    io: *const lowkey_io,
    event: *mut lowkey_event,
) -> lowkey_status {
    calling_back(device, io, |machine| {
        let event = raw::out(event)?;
        event.set(machine.run()?);
        Ok(())
    })
}

/// Writes until nothing is unsent.
///
/// Statuses as lowkey_kk_run.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_flush(device: *mut lowkey_kk, io: *const lowkey_io) -> lowkey_status {
    calling_back(device, io, Machine::flush)
}

/// Ends both directions: calls lowkey_kk_close, writes what is unsent, and reads to the peer's CLOSE, without a use for
/// what still comes. A TCP channel that is let go with something unread is reset, and a reset destroys what we sent
/// last.
///
/// LOWKEY_WOULD_BLOCK: the peer has not closed yet, or our CLOSE has not left; repeat the call, or let go: a peer may
/// talk on for ever. LOWKEY_NOT_OPEN: there are no keys yet. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN:
/// nothing was done. A status that is not recoverable: the channel is over.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_finish(device: *mut lowkey_kk, io: *const lowkey_io) -> lowkey_status {
    calling_back(device, io, Machine::finish)
}

/// Sends one message of any length, in as many records as it takes. `done` counts its bytes: set it to 0 before the
/// first call for a message. After LOWKEY_OK the device has all of it; what the stream would not take yet leaves with
/// the next call, lowkey_kk_flush for example. `message` may be NULL if `len` is 0.
///
/// LOWKEY_WOULD_BLOCK: repeat the call with the same arguments; `done` says how far it is. (Between two of them
/// lowkey_kk_run can receive, if the peer waits for that.) LOWKEY_LENGTH: `done` is not what the last call left, or
/// this is another message than then (seen by its length, and by the bytes of the last record that has gone).
/// LOWKEY_NOT_OPEN, LOWKEY_CLOSED, LOWKEY_UNFINISHED, LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN: nothing
/// was sent. A status that is not recoverable: the channel is over.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_send_message(
    device: *mut lowkey_kk,
    io: *const lowkey_io,
    message: *const u8,
    len: usize,
    done: *mut usize,
) -> lowkey_status {
    calling_back(device, io, |machine| {
        raw::lie_outside(&machine.setup.outgoing, message, len)?;
        let (out, mut done) = (raw::out(done)?, *raw::plain(done)?);
        if done > len {
            return Err(LOWKEY_LENGTH.into());
        }
        let sent = machine.send_message(raw::found(message, len), &mut done);
        out.set(done);
        sent
    })
}

/// Receives one whole message of at most `capacity` bytes to the front of `message`, and gives its length in `len`;
/// what is unsent goes out first. After the peer's CLOSE it gives `is_end` true, and `len` 0. `message` may be NULL if
/// `capacity` is 0.
///
/// LOWKEY_WOULD_BLOCK: repeat the call; the front of `message` holds what has come, leave it there.
/// LOWKEY_BUFFER_TOO_SMALL: repeat the call with a larger buffer that begins with the same bytes, or lowkey_kk_take the
/// pieces. LOWKEY_NOT_OPEN: lowkey_kk_run until LOWKEY_EVENT_OPEN first. LOWKEY_NULL, LOWKEY_LENGTH,
/// LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN: nothing was done. A status that is not recoverable: the channel is over.
/// `len` and `is_end` are as they were.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_recv_message(
    device: *mut lowkey_kk,
    io: *const lowkey_io,
    message: *mut u8,
    capacity: usize,
    len: *mut usize,
    is_end: *mut bool,
) -> lowkey_status {
    calling_back(device, io, |machine| {
        let (count, end) = (raw::out(len)?, raw::out(is_end)?);
        raw::lie_outside(&machine.setup.incoming, message, capacity)?;
        raw::lie_outside(&machine.setup.outgoing, message, capacity)?;
        let received = machine.recv_message(raw::found_mut(message, capacity))?;
        count.set(received.unwrap_or(0));
        end.set(received.is_none());
        Ok(())
    })
}
