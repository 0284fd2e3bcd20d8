//! HMAC-BLAKE2s (RFC 2104) and the HKDF of Noise §4.3.
//!
//! HMAC is spelled out on BLAKE2s, because nothing here needs a key other than 32 bytes long.

use crate::{HASH_LEN, Secret, blake2s::digest, body::First};

/// `HKDF(chaining_key, input_key_material, N)`, Noise §4.3, with `N` of 2 or 3; another `N` does not compile.
#[must_use]
pub fn hkdf<const N: usize>(ck: &Secret<HASH_LEN>, ikm: &[u8]) -> [Secret<HASH_LEN>; N] {
    const { assert!(N == 2 || N == 3, "Noise's HKDF has two or three outputs") };
    let mut outputs = [const { Secret::new([0; HASH_LEN]) }; N];
    let mut hkdf = Hkdf::extract(ck, ikm);
    outputs.iter_mut().for_each(|output| hkdf.expand(output));
    outputs
}

/// [`hkdf`] with each output written to where it is kept, one after the other; wiped on drop.
pub struct Hkdf {
    temp_key: Secret<HASH_LEN>,
    /// The last output, and its number behind it: what the next is the MAC of.
    text: Secret<{ HASH_LEN + 1 }>,
}

impl Hkdf {
    /// `temp_key = HMAC-HASH(chaining_key, input_key_material)`.
    #[must_use]
    pub fn extract(ck: &Secret<HASH_LEN>, ikm: &[u8]) -> Self {
        let mut hkdf = Self { temp_key: Secret::zeroed(), text: Secret::zeroed() };
        hmac(ck, ikm, &mut hkdf.temp_key);
        hkdf
    }

    /// `output_i = HMAC-HASH(temp_key, output_{i-1} || byte(i))`, `output_0` being empty. Noise asks two or three times.
    #[inline(never)]
    pub fn expand(&mut self, output: &mut Secret<HASH_LEN>) {
        let [.., i] = self.text.expose_mut();
        *i = i.wrapping_add(1);
        let text = match self.text.expose() {
            [.., 1] => &[1],
            text => &text[..],
        };
        hmac(&self.temp_key, text, output);
        let previous = self.text.expose_mut();
        previous.iter_mut().zip(output.expose()).for_each(|(to, from)| *to = *from);
    }
}

/// `HMAC-HASH(key, text)`: `H(key ^ opad || H(key ^ ipad || text))`, RFC 2104 §2.
#[inline(never)]
fn hmac(key: &Secret<HASH_LEN>, text: &[u8], mac: &mut Secret<HASH_LEN>) {
    let mut inner = Secret::zeroed();
    digest(First::Padded(key, IPAD), &[text], inner.expose_mut());
    digest(First::Padded(key, OPAD), &[inner.expose()], mac.expose_mut());
}

const IPAD: u8 = 0x36;
const OPAD: u8 = 0x5c;
