//! What a connection knows of numbered messages (protocol §7): what it holds with the feature `numbered`, and nothing
//! without.

#[cfg(not(feature = "numbered"))]
mod absent;
#[cfg(feature = "numbered")]
mod agreed;
#[cfg(feature = "numbered")]
mod announced;
#[cfg(feature = "numbered")]
mod received;

#[cfg(not(feature = "numbered"))]
pub(crate) use absent::{Announced, Numbers, Payload, Shown, payload};
#[cfg(feature = "numbered")]
pub(crate) use agreed::{Ack, Numbers, Opening};
#[cfg(feature = "numbered")]
pub(crate) use announced::{Announced, Payload, Shown, payload};
#[cfg(feature = "numbered")]
pub(crate) use received::{Come, Received};
