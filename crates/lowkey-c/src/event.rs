//! What a channel says of itself when it is asked.

use core::task::Poll;
use lowkey_event::*;
use lowkey_transport::{Part, Step};

/// What a channel needs next, or what has come.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lowkey_event {
    /// Nothing to do until more bytes have come: lowkey_feed.
    LOWKEY_EVENT_READ = 0,
    /// Bytes wait to be sent: lowkey_unsent, lowkey_sent.
    LOWKEY_EVENT_WRITE = 1,
    /// Responder: an initiator has come. lowkey_hello_read, then answer, turn away or refuse.
    LOWKEY_EVENT_HELLO = 2,
    /// XX: the peer has proven a key. Judge lowkey_peer_key; store it and lowkey_accept, or lowkey_close.
    LOWKEY_EVENT_CLAIM = 3,
    /// Once: the handshake is over. KK: the peer holds the pinned key, messages can be sent. XX: both sides have
    /// stored the other's key; nothing is left but lowkey_close.
    LOWKEY_EVENT_OPEN = 4,
    /// A piece of a message waits: lowkey_take.
    LOWKEY_EVENT_DATA = 5,
    /// The peer has sent its CLOSE: nothing more will come, and nothing is missing.
    LOWKEY_EVENT_END = 6,
}

/// What the handshake needs next.
impl From<Step> for lowkey_event {
    fn from(step: Step) -> Self {
        match step {
            Step::Write => LOWKEY_EVENT_WRITE,
            Step::Read => LOWKEY_EVENT_READ,
            Step::Hello => LOWKEY_EVENT_HELLO,
            Step::Claim => LOWKEY_EVENT_CLAIM,
            Step::Done => LOWKEY_EVENT_OPEN,
        }
    }
}

/// What has come afterwards.
impl From<Poll<Option<Part>>> for lowkey_event {
    fn from(received: Poll<Option<Part>>) -> Self {
        match received {
            Poll::Pending => LOWKEY_EVENT_READ,
            Poll::Ready(Some(_)) => LOWKEY_EVENT_DATA,
            Poll::Ready(None) => LOWKEY_EVENT_END,
        }
    }
}
