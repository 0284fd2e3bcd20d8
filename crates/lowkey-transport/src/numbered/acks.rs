//! What a channel says of its acknowledgements.

use super::RunId;
use crate::numbers::{Numbers, Opening};
use lowkey_core::numbered::DIGEST_LEN;

/// Where a channel stands with the messages that it numbers and acknowledges (protocol §7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Acks {
    /// The peer acknowledges what we number: an outbox can be sent.
    pub are_given: bool,
    /// Of which run ours are then.
    pub run: Option<RunId>,
    /// What the peer's first ACK has said: the number of the last message that it has, 0 for none, and the
    /// [digest](lowkey_core::numbered::message_digest) of that.
    pub first: Option<(u64, [u8; DIGEST_LEN])>,
    /// Up to which number the peer has acknowledged; `None` before its first ACK.
    pub up_to: Option<u64>,
    /// The run of which the peer numbers its messages, if we have said that we acknowledge. It waits for our first ACK
    /// before it sends one.
    pub peer_run: Option<RunId>,
}

impl Acks {
    pub(crate) fn of(numbers: &Numbers) -> Self {
        Self {
            are_given: numbers.run().is_some(),
            run: numbers.run(),
            first: numbers.opening().map(|Opening { number, digest }| (number, digest)),
            up_to: numbers.opening().map(|_| numbers.acknowledged),
            peer_run: numbers.received.run(),
        }
    }
}
