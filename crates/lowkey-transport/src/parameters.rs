//! What each side tells the other, sealed, inside the handshake (protocol §3).

use crate::error::Error;
use crate::limits::MIN_MAX_FRAME;
use crate::numbers::Announced;

/// The longest parameters, in bytes.
const MAX_PARAMETERS: usize = 64;

/// The parameters of the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parameters {
    /// The longest body of a record's frame that this side takes.
    pub(crate) max_frame: u16,
    /// Whether it numbers messages, and acknowledges (§7).
    pub(crate) announced: Announced,
}

impl Parameters {
    /// Reads a payload; of items `type: u8 ‖ length: u8 ‖ value` behind `max_frame`, those
    /// that are not known are skipped.
    pub(crate) fn read(payload: &[u8]) -> Result<Self, Error> {
        if payload.len() > MAX_PARAMETERS {
            return Err(Error::Parameters);
        }
        let (max_frame, mut items) = payload.split_first_chunk().ok_or(Error::Parameters)?;
        let mut announced = Announced::default();
        while let Some((kind, item)) = items.split_first() {
            let (len, rest) = item.split_first().ok_or(Error::Parameters)?;
            let (value, rest) = rest.split_at_checked(usize::from(*len)).ok_or(Error::Parameters)?;
            announced.read(*kind, value)?;
            items = rest;
        }
        let max_frame = u16::from_be_bytes(*max_frame);
        if max_frame < MIN_MAX_FRAME { Err(Error::Parameters) } else { Ok(Self { max_frame, announced }) }
    }
}

/// Every handshake payload that does not carry parameters is empty.
pub(crate) fn expect_empty(payload: &[u8]) -> Result<(), Error> {
    if payload.is_empty() { Ok(()) } else { Err(Error::Parameters) }
}
