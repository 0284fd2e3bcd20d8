//! Why a key store did not do what it was asked, and whose fault it is.

use crate::boot_log::FlashFailed;
use crate::entropy::EntropyFailed;
use core::fmt;

/// Why a key store did not do what it was asked, in the order a caller meets them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// Ours: a unit is not 1 to 32 bytes, or a bank too short for an entry, six units and a seed. 1 KB is enough.
    Unfit,
    /// Neither bank is whole, and that is not what a power cut leaves. It is no new store.
    Damaged,
    /// Ours: there are keys already.
    HasKeys,
    /// Ours: there are no keys yet.
    NoKeys,
    /// The world's: the source failed, or a health test of what it gave did.
    Source,
    /// Ours: the address has more than 64 bytes.
    Address,
    /// The peer's: that key is our own, or it protects nothing.
    PeerKey,
    /// The peer's: another key is pending under this code, and was first.
    Claimed,
    /// Ours: nothing is pending or final of this key and code.
    NotPending,
    /// The world's: the flash did not do what it was asked. What was there before is as it was; or, but of what a
    /// pairing asks for, the change is stored, and what was there before can still be read out of the flash until a
    /// call succeeds.
    Flash,
}

impl StoreError {
    /// The message of this error, for firmware that prints without `core::fmt`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Unfit => "key store: it does not fit this flash",
            Self::Damaged => "key store: damaged",
            Self::HasKeys => "key store: there are keys already",
            Self::NoKeys => "key store: there are no keys yet",
            Self::Source => "key store: the source of noise failed, or its health test",
            Self::Address => "key store: the address is longer than 64 bytes",
            Self::PeerKey => "key store: the peer's key is our own, or protects nothing",
            Self::Claimed => "key store: another key is pending under this code",
            Self::NotPending => "key store: nothing is pending of this key and code",
            Self::Flash => "key store: the flash failed",
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl core::error::Error for StoreError {}

impl From<FlashFailed> for StoreError {
    fn from(FlashFailed: FlashFailed) -> Self {
        Self::Flash
    }
}

impl From<EntropyFailed> for StoreError {
    fn from(EntropyFailed: EntropyFailed) -> Self {
        Self::Source
    }
}
