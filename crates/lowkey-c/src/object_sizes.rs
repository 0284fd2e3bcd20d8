//! How large the objects of `lowkey.h` are, that C gives storage for.

use lowkey_core::KEY_LEN;

/// Bytes of an id made by lowkey_pinning_id.
pub const LOWKEY_PINNING_ID_LEN: usize = 8;
/// Bytes of the name of a pairing code.
pub const LOWKEY_CODE_NAME_LEN: usize = 8;

/// Characters of a text by lowkey_fingerprint, without a zero at the end.
pub const LOWKEY_FINGERPRINT_LEN: usize = 24;

/// Bytes of a lowkey_identity, and of the other objects.
#[cfg(target_pointer_width = "32")]
pub const LOWKEY_IDENTITY_SIZE: usize = 72;
/// Bytes of a lowkey_identity, and of the other objects.
#[cfg(target_pointer_width = "64")]
pub const LOWKEY_IDENTITY_SIZE: usize = 88;
/// Bytes of a lowkey_peer.
pub const LOWKEY_PEER_SIZE: usize = 72;
/// Bytes of a lowkey_psk.
pub const LOWKEY_PSK_SIZE: usize = 40;
/// Bytes of a lowkey_ephemerals.
#[cfg(target_pointer_width = "32")]
pub const LOWKEY_EPHEMERALS_SIZE: usize = 64;
/// Bytes of a lowkey_ephemerals.
#[cfg(target_pointer_width = "64")]
pub const LOWKEY_EPHEMERALS_SIZE: usize = 72;
/// Bytes of a lowkey_channel.
#[cfg(target_pointer_width = "32")]
pub const LOWKEY_CHANNEL_SIZE: usize = 512;
/// Bytes of a lowkey_channel.
#[cfg(target_pointer_width = "64")]
pub const LOWKEY_CHANNEL_SIZE: usize = 648;

/// Bytes of a lowkey_pairing.
#[cfg(target_pointer_width = "32")]
pub const LOWKEY_PAIRING_SIZE: usize = 344;
/// Bytes of a lowkey_pairing.
#[cfg(target_pointer_width = "64")]
pub const LOWKEY_PAIRING_SIZE: usize = 416;

/// Bytes of a lowkey_key_store.
#[cfg(target_pointer_width = "32")]
pub const LOWKEY_KEY_STORE_SIZE: usize = 624;
/// Bytes of a lowkey_key_store.
#[cfg(target_pointer_width = "64")]
pub const LOWKEY_KEY_STORE_SIZE: usize = 680;

/// The same in words of 64 bits.
pub const LOWKEY_IDENTITY_WORDS: usize = LOWKEY_IDENTITY_SIZE / 8;
/// The same in words of 64 bits.
pub const LOWKEY_PEER_WORDS: usize = LOWKEY_PEER_SIZE / 8;
/// The same in words of 64 bits.
pub const LOWKEY_PSK_WORDS: usize = LOWKEY_PSK_SIZE / 8;
/// The same in words of 64 bits.
pub const LOWKEY_EPHEMERALS_WORDS: usize = LOWKEY_EPHEMERALS_SIZE / 8;
/// The same in words of 64 bits.
pub const LOWKEY_CHANNEL_WORDS: usize = LOWKEY_CHANNEL_SIZE / 8;
/// The same in words of 64 bits.
pub const LOWKEY_PAIRING_WORDS: usize = LOWKEY_PAIRING_SIZE / 8;
/// The same in words of 64 bits.
pub const LOWKEY_KEY_STORE_WORDS: usize = LOWKEY_KEY_STORE_SIZE / 8;

const _: () = assert!(LOWKEY_PSK_SIZE == 8 + KEY_LEN);
