//! Which registry a server obeys.

use crate::registry::Digest;

/// Which registry is obeyed, as it was when this was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InForce {
    /// The registry's [`digest`](crate::Registry::digest).
    pub digest: Digest,
    /// How many sessions ended because their pinning was not in it any more; `None` until all that had to end have been
    /// ended, which takes a [`sweep`](crate::Acceptor::sweep).
    pub sessions_ended: Option<u64>,
}
