//! What lengths there are, and how large the objects are that both headers have.

use lowkey_transport::{MAX_PING, MIN_INCOMING, MIN_OUTGOING};

/// Bytes of a key, a PSK, a seed and a handshake hash.
pub const LOWKEY_KEY_LEN: usize = 32;
/// Bytes of the longest id.
pub const LOWKEY_MAX_ID: usize = 32;
/// Bytes of a key page.
pub const LOWKEY_PAGE_LEN: usize = 344;
/// Bytes of the longest PING.
pub const LOWKEY_MAX_PING: usize = 32;
/// The fewest bytes of a channel's incoming buffer.
pub const LOWKEY_MIN_INCOMING: usize = 160;
/// The fewest bytes of a channel's outgoing buffer.
pub const LOWKEY_MIN_OUTGOING: usize = 162;

/// What every object's storage is aligned to, in bytes.
pub const LOWKEY_ALIGN: usize = 8;

/// Bytes of a lowkey_seed.
pub const LOWKEY_SEED_SIZE: usize = 48;
/// Bytes of a lowkey_backoff.
pub const LOWKEY_BACKOFF_SIZE: usize = 24;

/// The same in words of 64 bits.
pub const LOWKEY_SEED_WORDS: usize = LOWKEY_SEED_SIZE / 8;
/// The same in words of 64 bits.
pub const LOWKEY_BACKOFF_WORDS: usize = LOWKEY_BACKOFF_SIZE / 8;

const _: () = assert!(LOWKEY_PAGE_LEN == lowkey_core::page::LEN && LOWKEY_MAX_ID == lowkey_core::Id::MAX);
const _: () = assert!(LOWKEY_MIN_INCOMING == MIN_INCOMING && LOWKEY_MIN_OUTGOING == MIN_OUTGOING);
const _: () = assert!(LOWKEY_MAX_PING == MAX_PING && LOWKEY_KEY_LEN == lowkey_core::KEY_LEN);
const _: () = assert!(align_of::<u64>() <= LOWKEY_ALIGN);
