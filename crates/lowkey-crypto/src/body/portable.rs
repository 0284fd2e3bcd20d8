//! The portable body: curve25519-dalek, chacha20poly1305, blake2.
//!
//! Pure Rust, runs everywhere. Constant-time where a 32×32→64-bit multiply is: not on Cortex-M3 and M0.

use blake2::{
    Blake2sVarCore,
    digest::block_api::{Buffer, UpdateCore, VariableOutputCore},
};
use chacha20poly1305::{AeadInOut, ChaCha20Poly1305, KeyInit};
use curve25519_dalek::montgomery::MontgomeryPoint;

use crate::forged::Forged;
use crate::key::LAST_NONCE;
use crate::secret::Secret;
use crate::{HASH_LEN, KEY_LEN, NONCE_LEN, TAG_LEN};

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

    #[cfg(not(feature = "precomputed-tables"))]
    pub(crate) fn public_key(&self, public: &mut [u8; KEY_LEN]) {
        *public = self.ladder(&BASE_POINT).0;
    }

    #[cfg(feature = "precomputed-tables")]
    pub(crate) fn public_key(&self, public: &mut [u8; KEY_LEN]) {
        *public = MontgomeryPoint::mul_base_clamped(*self.0.expose()).0;
    }

    pub(crate) fn diffie_hellman(&self, public: &[u8; KEY_LEN], shared: &mut Secret<KEY_LEN>) {
        *shared = Secret::take(&mut self.ladder(public).0);
    }

    /// RFC 7748 §5, the Montgomery ladder, over the scalar where it lies.
    #[inline(never)] // one copy for both callers
    fn ladder(&self, u: &[u8; KEY_LEN]) -> MontgomeryPoint {
        let bytes = self.0.expose().iter().rev();
        let bits = bytes.flat_map(|byte| (0..8).rev().map(move |i| (byte >> i) & 1 == 1));
        // Clamping has cleared the top bit: it would cost a step and change nothing.
        MontgomeryPoint(*u).mul_bits_be(bits.skip(1))
    }
}

/// The key; the cipher's state is made anew for every text.
pub(crate) struct AeadKey(ChaCha20Poly1305);

impl AeadKey {
    pub(crate) fn new(key: &Secret<KEY_LEN>) -> Self {
        Self(ChaCha20Poly1305::new(key.expose().into()))
    }

    pub(crate) fn seal_in_place(&self, nonce: &[u8; NONCE_LEN], ad: &[u8], text: &mut [u8]) -> [u8; TAG_LEN] {
        match self.0.encrypt_inout_detached(nonce.into(), ad, (&mut *text).into()) {
            Ok(tag) => tag.into(),
            Err(chacha20poly1305::Error) => {
                text.fill(0); // longer than 2^38 - 64 bytes
                [0; TAG_LEN]
            }
        }
    }

    pub(crate) fn open_in_place(
        &self,
        nonce: &[u8; NONCE_LEN],
        ad: &[u8],
        text: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), Forged> {
        self.0
            .decrypt_inout_detached(nonce.into(), ad, text.into(), tag.into())
            .map_err(|chacha20poly1305::Error| Forged)
    }

    pub(crate) fn rekey(&mut self) {
        let mut key = Secret::zeroed();
        let _ = self.seal_in_place(&LAST_NONCE, &[], key.expose_mut());
        *self = Self::new(&key);
    }
}

/// RFC 7693's state and the block not yet compressed; each wipes itself.
///
/// Keyed and plain hashing are one type, where blake2's own `Blake2s256` and `Blake2sMac256` are two.
pub(crate) struct Blake2s {
    core: Blake2sVarCore,
    buffer: Buffer<Blake2sVarCore>,
}

impl Blake2s {
    pub(crate) fn new() -> Self {
        Self::with_key_len(0)
    }

    pub(crate) fn begin_with(&mut self, key: &Secret<KEY_LEN>, pad: u8) {
        *self = Self::with_key_len(if pad == 0 { KEY_LEN } else { 0 });
        let mut block = Secret::new([pad; BLOCK_LEN]);
        block.expose_mut().iter_mut().zip(key.expose()).for_each(|(byte, key)| *byte ^= key);
        self.update(block.expose());
    }

    fn with_key_len(kk: usize) -> Self {
        let core = Blake2sVarCore::new_with_params(&[], &[], kk, HASH_LEN);
        Self { core, buffer: Buffer::<Blake2sVarCore>::default() }
    }

    #[inline(never)] // several calls in every HMAC
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.buffer.digest_blocks(bytes, |blocks| self.core.update_blocks(blocks));
    }

    pub(crate) fn finalize_into(&mut self, hash: &mut [u8; HASH_LEN]) {
        self.core.finalize_variable_core(&mut self.buffer, hash.into());
    }

    /// Nothing: both do so when they are dropped.
    pub(crate) fn wipe(&mut self) {}
}

/// The u-coordinate of RFC 7748 §4.1's base point.
#[cfg(not(feature = "precomputed-tables"))]
const BASE_POINT: [u8; KEY_LEN] = {
    let mut u = [0; KEY_LEN];
    u[0] = 9;
    u
};
/// Bytes in a BLAKE2s block, RFC 7693 §2.1.
const BLOCK_LEN: usize = 64;
