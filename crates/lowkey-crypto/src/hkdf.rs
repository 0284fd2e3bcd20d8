//! HMAC-BLAKE2s (RFC 2104) and the HKDF of Noise §4.3.
//!
//! HMAC is spelled out on BLAKE2s, because nothing here needs a key other than 32 bytes long.

use core::num::NonZeroU8;

use crate::secret::Secret;
use crate::{HASH_LEN, blake2s::digest};

/// `HKDF(chaining_key, input_key_material, N)`, Noise §4.3, with `N` of 2 or 3; another `N` does not compile.
///
/// Its outputs are moved, and a move leaves a copy on the stack: [`derive()`] leaves nothing.
#[must_use]
pub fn hkdf<const N: usize>(ck: &Secret<HASH_LEN>, ikm: &[u8]) -> [Secret<HASH_LEN>; N] {
    const { assert!(N == 2 || N == 3, "Noise's HKDF has two or three outputs") };
    let mut temp_key = Secret::zeroed();
    hmac(ck, ikm, None, &mut temp_key);
    let mut outputs = [const { Secret::new([0; HASH_LEN]) }; N];
    let mut previous: &[u8] = &[];
    for (i, output) in (1..).zip(&mut outputs) {
        hmac(&temp_key, previous, NonZeroU8::new(i), output);
        previous = output.expose();
    }
    outputs
}

/// What Noise makes of an HKDF.
pub enum Derivation<'h> {
    /// `MixKey(k)`, §5.2: `ck, k = HKDF(ck, k, 2)`.
    MixKey,
    /// `MixKeyAndHash(k)`, §9, but for the hash: `ck, temp_h, k = HKDF(ck, k, 3)`.
    MixKeyAndHash(&'h mut Secret<HASH_LEN>),
    /// `Split()`, §5.2: `ck, k = HKDF(ck, "", 2)`, the keys of the two directions.
    Split,
}

/// [`hkdf`] where its input and its outputs lie, with no copies in between.
#[inline(always)] // one caller in an image
pub fn derive(ck: &mut Secret<HASH_LEN>, k: &mut Secret<HASH_LEN>, derivation: Derivation<'_>) {
    let ikm: &[u8] = match derivation {
        Derivation::Split => &[],
        _ => k.expose(),
    };
    let mut temp_key = Secret::zeroed();
    hmac(ck, ikm, None, &mut temp_key);
    hmac(&temp_key, &[], NonZeroU8::new(1), ck);
    match derivation {
        Derivation::MixKeyAndHash(temp_h) => {
            hmac(&temp_key, ck.expose(), NonZeroU8::new(2), temp_h);
            hmac(&temp_key, temp_h.expose(), NonZeroU8::new(3), k);
        }
        _ => hmac(&temp_key, ck.expose(), NonZeroU8::new(2), k),
    }
}

/// `HMAC-HASH(key, text)`: `H(key ^ opad || H(key ^ ipad || text))`, RFC 2104 §2. The text ends with a byte, if one is
/// given: `output_i = HMAC-HASH(temp_key, output_{i-1} || byte(i))`, `output_0` being empty.
#[inline(never)]
fn hmac(key: &Secret<HASH_LEN>, text: &[u8], end: Option<NonZeroU8>, mac: &mut Secret<HASH_LEN>) {
    let end = end.map_or(0, NonZeroU8::get);
    let mut inner = Secret::zeroed();
    let parts: [&[u8]; 2] = [text, &[end]];
    digest(Some(key), IPAD, parts.get(..1 + usize::from(end > 0)).unwrap_or(&parts), inner.expose_mut());
    digest(Some(key), OPAD, &[inner.expose()], mac.expose_mut());
}

const IPAD: u8 = 0x36;
const OPAD: u8 = 0x5c;
