//! What a channel says of itself when it is asked.

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
