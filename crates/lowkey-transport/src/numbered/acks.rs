//! What a channel says of its acknowledgements.

use super::RunId;
use crate::numbers::Numbers;

/// Where a channel stands with the messages that it numbers and acknowledges (protocol §7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Acks {
    /// The peer acknowledges what we number: an outbox can be sent.
    pub are_given: bool,
    /// Up to which number the peer has acknowledged; `None` before its first ACK.
    pub up_to: Option<u64>,
    /// The run of which the peer numbers its messages, if we have said that we acknowledge. It waits for our first ACK
    /// before it sends one.
    pub peer_run: Option<RunId>,
}

impl Acks {
    pub(crate) fn of(numbers: &Numbers) -> Self {
        Self {
            are_given: numbers.ours.is_some(),
            up_to: numbers.opening.map(|_| numbers.acknowledged),
            peer_run: numbers.theirs,
        }
    }
}
