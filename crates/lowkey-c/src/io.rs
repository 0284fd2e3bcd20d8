//! How C describes a stream.

use crate::raw::Failure;
use crate::raw::callbacks::Io;
use crate::status::lowkey_status::LOWKEY_NULL;
use core::ffi::c_void;

/// How a channel reads and writes its stream: a socket, a UART. Both callbacks must be given. They must not call a
/// function on the channel or device that called them: that is LOWKEY_OUT_OF_TURN. Only the call that gets the
/// structure uses it.
///
/// What the callbacks fill and send lies inside the object or its buffers: at odd addresses, as short as one byte,
/// next to bytes that the core reads and writes meanwhile. So a driver that moves bytes by DMA copies them through a
/// buffer of its own; where there is a data cache, that buffer is alone on its cache lines.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lowkey_io {
    /// Given to both callbacks.
    pub context: *mut c_void,
    /// Reads at most `len` bytes to `out` and returns how many; 0 if the stream has ended; LOWKEY_IO_WOULD_BLOCK if
    /// there are none now (also after a time-out); anything else if it failed. More than `len` is a failure too.
    pub read: Option<unsafe extern "C" fn(context: *mut c_void, out: *mut u8, len: usize) -> i32>,
    /// Writes at most `len` bytes and returns how many, at least 1; LOWKEY_IO_WOULD_BLOCK if it takes none now;
    /// anything else if it failed. More than `len` is a failure too.
    pub write: Option<unsafe extern "C" fn(context: *mut c_void, bytes: *const u8, len: usize) -> i32>,
}

/// The stream that C has described.
pub(crate) fn stream(given: &lowkey_io) -> Result<Io, Failure> {
    let lowkey_io { context, read, write } = *given;
    match (read, write) {
        (Some(read), Some(write)) => Ok(Io { context, read, write }),
        _ => Err(LOWKEY_NULL.into()),
    }
}
