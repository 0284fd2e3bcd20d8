//! Poly1305 (RFC 8439 §2.5) as the AEAD uses it (§2.8): one key, one text with associated data, one tag.
//!
//! Numbers are words of 32 bits, lowest first. `r` is clamped (§2.5): its words are below 2^28, and all but the
//! lowest are multiples of 4. So a product that falls on 2^128 or above comes back down with s_i = 5/4 · r_i in place
//! of r_i: 2^128 · r_i = 2^130 · r_i/4 = 5 · r_i/4 modulo p = 2^130 − 5.
//!
//! Where a long multiply takes no constant time, each word is multiplied as two halves of 16 bits, the lower and the
//! higher:
//!
//! | product | size | collected |
//! | --- | --- | --- |
//! | half of h × higher half of r or s | < 2^16 · 5/4 · 2^12 | four fit 32 bits: plain sums |
//! | half of h × lower half of r or s | < 2^32 | added word by word, with carry |

#[cfg(all(lowkey_thumb2, not(lowkey_dsp)))]
mod narrow;
pub(crate) mod plain;
#[cfg(lowkey_thumb2)]
pub(crate) mod thumb2;
#[cfg(lowkey_dsp)]
mod words;

#[cfg(not(lowkey_thumb2))]
pub(crate) use plain::tag;
#[cfg(lowkey_thumb2)]
pub(crate) use thumb2::tag;

use crate::KEY_LEN;

/// The key of one tag (§2.6), `r` and `s`; making the tag wipes it.
#[repr(C, align(4))]
pub(crate) struct OneTimeKey(pub(crate) [u8; KEY_LEN]);
