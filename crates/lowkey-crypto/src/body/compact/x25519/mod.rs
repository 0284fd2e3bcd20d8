//! X25519 (RFC 7748 §5): a Montgomery ladder over the compact field.

pub(crate) mod plain;
#[cfg(lowkey_thumb2)]
pub(crate) mod thumb2;

#[cfg(not(lowkey_thumb2))]
use plain::multiply;
#[cfg(all(lowkey_thumb2, not(lowkey_dsp)))]
use thumb2::multiply;

#[cfg(lowkey_dsp)]
use super::wide::dsp::multiply;
use super::wipe_dead_stack;
use crate::KEY_LEN;
use crate::secret::Secret;

/// A clamped scalar.
pub(crate) struct PrivateKey(Secret<KEY_LEN>);

impl PrivateKey {
    pub(crate) fn new(secret: &Secret<KEY_LEN>) -> Self {
        let mut scalar = secret.duplicate();
        let [first, .., last] = scalar.expose_mut();
        *first &= 0b1111_1000;
        *last &= 0b0111_1111;
        *last |= 0b0100_0000;
        Self(scalar)
    }

    pub(crate) fn public_key(&self, public: &mut [u8; KEY_LEN]) {
        multiply(public, self.0.expose(), &BASE_POINT);
        wipe_dead_stack::<DEAD_WORDS>();
    }

    pub(crate) fn diffie_hellman(&self, public: &[u8; KEY_LEN], shared: &mut Secret<KEY_LEN>) {
        multiply(shared.expose_mut(), self.0.expose(), public);
        wipe_dead_stack::<DEAD_WORDS>();
    }
}

/// What a multiplication in Rust takes of the stack on Armv6-M.
const DEAD_WORDS: usize = 240;
/// The u-coordinate of RFC 7748 §4.1's base point.
const BASE_POINT: [u8; KEY_LEN] = {
    let mut u = [0; KEY_LEN];
    u[0] = 9;
    u
};
