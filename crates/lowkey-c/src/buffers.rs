//! The two buffers of a channel.

use crate::raw::{self, Failure, Kept};
use crate::status::lowkey_status::LOWKEY_BUFFER_TOO_SMALL;
use lowkey_transport::Buffers;

/// The two buffers of a channel, and the most that it takes from the peer. The structure is copied; the buffers belong
/// to the channel or device until it is wiped or begun anew with others. They overlap neither each other nor an object:
/// what comes is opened in one, and what is sent lies in the other.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lowkey_buffers {
    /// Where frames come in; its length is the longest record that the peer may send.
    pub incoming: *mut u8,
    /// Its length in bytes, at least LOWKEY_MIN_INCOMING.
    pub incoming_len: usize,
    /// Where frames go out; its length less 2 is the longest record that we send.
    pub outgoing: *mut u8,
    /// Its length in bytes, at least LOWKEY_MIN_OUTGOING.
    pub outgoing_len: usize,
    /// The longest frame of a record that the peer may send, in bytes. Less than 64 counts as 64; 0, and more than
    /// `incoming_len`, as `incoming_len`.
    pub max_frame: u16,
    /// The longest message that the peer may send, in bytes; 0 is any length.
    pub max_message: usize,
}

/// The buffers that C has described.
///
/// # Safety
/// They have been found; the header's rules, for as long as the result exists.
#[inline(always)]
pub(crate) unsafe fn kept(given: &lowkey_buffers) -> Result<Buffers<Kept>, Failure> {
    let incoming = raw::kept(given.incoming, given.incoming_len);
    let outgoing = raw::kept(given.outgoing, given.outgoing_len);
    let buffers = Buffers::new(incoming, outgoing).map_err(|_| LOWKEY_BUFFER_TOO_SMALL)?;
    let max_frame = if given.max_frame == 0 { u16::MAX } else { given.max_frame };
    let max_message = if given.max_message == 0 { usize::MAX } else { given.max_message };
    Ok(buffers.with_max_frame(max_frame).with_max_message(max_message))
}
