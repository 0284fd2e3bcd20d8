//! HMAC-BLAKE2s (RFC 2104) and the HKDF of Noise §4.3.
//!
//! HMAC is spelled out on [`Blake2s`], because nothing here needs a key other than 32 bytes long.

use crate::{Blake2s, HASH_LEN, Secret};

/// `HKDF(chaining_key, input_key_material, N)`, Noise §4.3, with `N` of 2 or 3; another `N` does not compile.
#[must_use]
pub fn hkdf<const N: usize>(ck: &Secret<HASH_LEN>, ikm: &[u8]) -> [Secret<HASH_LEN>; N] {
    const { assert!(N == 2 || N == 3, "Noise's HKDF has two or three outputs") };
    let mut outputs = [const { Secret::new([0; HASH_LEN]) }; N];
    expand(ck, ikm, &mut outputs);
    outputs
}

/// The body of [`hkdf`], compiled once for both numbers of outputs.
fn expand(ck: &Secret<HASH_LEN>, ikm: &[u8], outputs: &mut [Secret<HASH_LEN>]) {
    let mut temp_key = Secret::zeroed();
    hmac(ck, &[], ikm, &mut temp_key);
    // output_i = HMAC-HASH(temp_key, output_{i-1} || byte(i)), output_0 being empty.
    let mut previous: &[u8] = &[];
    let mut i = 0;
    for output in outputs {
        i += 1;
        hmac(&temp_key, previous, &[i], output);
        previous = output.expose();
    }
}

/// `HMAC-HASH(key, head || tail)`: `H(key ^ opad || H(key ^ ipad || head || tail))`, RFC 2104 §2.
fn hmac(key: &Secret<HASH_LEN>, head: &[u8], tail: &[u8], mac: &mut Secret<HASH_LEN>) {
    let mut inner = padded(key, IPAD);
    inner.update(head);
    inner.update(tail);
    inner.finalize_into(mac.expose_mut());

    let mut outer = padded(key, OPAD);
    outer.update(mac.expose());
    outer.finalize_into(mac.expose_mut());
}

/// A hash that has taken in `key`, zero-padded to one block and xored with `pad`.
#[inline(never)] // twice in every `hmac`
fn padded(key: &Secret<HASH_LEN>, pad: u8) -> Blake2s {
    let mut block = Secret::new([pad; BLOCK_LEN]);
    for (byte, key) in block.expose_mut().iter_mut().zip(key.expose()) {
        *byte ^= key;
    }
    let mut hash = Blake2s::new();
    hash.update(block.expose());
    hash
}

/// Bytes in a BLAKE2s block, RFC 7693 §2.1: `BLOCKLEN` in Noise §4.3.
const BLOCK_LEN: usize = 64;
const IPAD: u8 = 0x36;
const OPAD: u8 = 0x5c;
