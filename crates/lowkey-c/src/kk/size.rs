//! How large the object is that C gives storage for.

/// Bytes of a lowkey_kk.
#[cfg(target_pointer_width = "32")]
pub const LOWKEY_KK_SIZE: usize = 408;
/// Bytes of a lowkey_kk.
#[cfg(target_pointer_width = "64")]
pub const LOWKEY_KK_SIZE: usize = 568;
/// Bytes of a lowkey_outbox.
#[cfg(target_pointer_width = "32")]
pub const LOWKEY_OUTBOX_SIZE: usize = 168;
/// Bytes of a lowkey_outbox.
#[cfg(target_pointer_width = "64")]
pub const LOWKEY_OUTBOX_SIZE: usize = 216;
/// The same in words of 64 bits.
pub const LOWKEY_OUTBOX_WORDS: usize = LOWKEY_OUTBOX_SIZE / 8;
/// The same in words of 64 bits.
pub const LOWKEY_KK_WORDS: usize = LOWKEY_KK_SIZE / 8;
