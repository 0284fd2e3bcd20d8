//! The aws-lc body: X25519 and ChaCha20-Poly1305 of aws-lc-rs, for hosts.
//!
//! aws-lc's key objects are kept alive: building one for a private key costs a scalar multiplication.
//! As with all allocation on a host, being out of memory for one is a panic.

use aws_lc_rs::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey},
    agreement::{self, UnparsedPublicKey, X25519},
};

use super::portable;
pub(crate) use super::portable::Blake2s;
use crate::forged::Forged;
use crate::key::LAST_NONCE;
use crate::secret::Secret;
use crate::{KEY_LEN, NONCE_LEN, TAG_LEN};

/// aws-lc's key, and the same key for the one question that aws-lc will not answer.
pub(crate) struct PrivateKey {
    live: agreement::PrivateKey,
    portable: portable::PrivateKey,
}

impl PrivateKey {
    pub(crate) fn new(secret: &Secret<KEY_LEN>) -> Self {
        let live = agreement::PrivateKey::from_private_key(&X25519, secret.expose())
            .expect("any 32 bytes are an X25519 private key");
        Self { live, portable: portable::PrivateKey::new(secret) }
    }

    pub(crate) fn public_key(&self, public: &mut [u8; KEY_LEN]) {
        // aws-lc computed it with the key; this copies it out.
        let computed = self.live.compute_public_key().ok();
        match computed.and_then(|key| key.as_ref().try_into().ok()) {
            Some(key) => *public = key,
            None => self.portable.public_key(public),
        }
    }

    pub(crate) fn diffie_hellman(&self, public: &[u8; KEY_LEN], shared: &mut Secret<KEY_LEN>) {
        let public_key = UnparsedPublicKey::new(&X25519, public);
        let agreed = agreement::agree(&self.live, public_key, (), |bytes| {
            shared.expose_mut().copy_from_slice(bytes);
            Ok(())
        });
        // aws-lc refuses an all-zero result, but not only that could fail: zeros are taken from
        // arithmetic, never from an error. Such a peer costs a portable multiplication on top.
        if agreed.is_err() {
            self.portable.diffie_hellman(public, shared);
        }
    }
}

/// aws-lc's AEAD context.
pub(crate) struct AeadKey(LessSafeKey);

impl AeadKey {
    pub(crate) fn new(key: &Secret<KEY_LEN>) -> Self {
        let key = UnboundKey::new(&CHACHA20_POLY1305, key.expose())
            .expect("any 32 bytes are a ChaCha20-Poly1305 key");
        Self(LessSafeKey::new(key))
    }

    pub(crate) fn seal_in_place(&self, nonce: &[u8; NONCE_LEN], ad: &[u8], text: &mut [u8]) -> [u8; TAG_LEN] {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let sealed = self.0.seal_in_place_separate_tag(nonce, Aad::from(ad), text);
        if let Some(tag) = sealed.ok().and_then(|tag| tag.as_ref().try_into().ok()) {
            return tag;
        }
        text.fill(0); // longer than 2^38 - 64 bytes
        [0; TAG_LEN]
    }

    pub(crate) fn open_in_place(
        &self,
        nonce: &[u8; NONCE_LEN],
        ad: &[u8],
        text: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), Forged> {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.0.open_in_place_separate_tag(nonce, Aad::from(ad), tag, text);
        opened.map(|_| ()).map_err(|_| Forged)
    }

    pub(crate) fn rekey(&mut self) {
        let mut key = Secret::zeroed();
        let _ = self.seal_in_place(&LAST_NONCE, &[], key.expose_mut());
        *self = Self::new(&key);
    }
}
