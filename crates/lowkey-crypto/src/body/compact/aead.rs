//! ChaCha20-Poly1305, RFC 8439 §2.8.

use core::{hint::black_box, mem};

use super::{
    chacha20,
    poly1305::{self, OneTimeKey},
    wipe_dead_stack,
};
use crate::forged::Forged;
use crate::key::{LAST_NONCE, StoredKey};
use crate::secret::Secret;
use crate::{KEY_LEN, NONCE_LEN, TAG_LEN};

/// The key alone: a device holds two for each session, and nothing made of them is worth its memory.
pub(crate) struct AeadKey(StoredKey);

impl AeadKey {
    pub(crate) fn new(key: &Secret<KEY_LEN>) -> Self {
        Self(StoredKey::new(key))
    }

    pub(crate) fn seal_in_place(&self, nonce: &[u8; NONCE_LEN], ad: &[u8], text: &mut [u8]) -> [u8; TAG_LEN] {
        let mut tag = [0; TAG_LEN];
        seal(&self.0, nonce, ad, text, &mut tag);
        tag
    }

    pub(crate) fn open_in_place(
        &self,
        nonce: &[u8; NONCE_LEN],
        ad: &[u8],
        text: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), Forged> {
        open(&self.0, nonce, ad, text, tag)
    }

    pub(crate) fn rekey(&mut self) {
        rekey(&mut self.0);
    }
}

#[inline(always)] // each has one caller in an image
pub(crate) fn seal(
    key: &StoredKey,
    nonce: &[u8; NONCE_LEN],
    ad: &[u8],
    text: &mut [u8],
    tag: &mut [u8; TAG_LEN],
) {
    if is_too_long(text) {
        text.fill(0);
        *tag = [0; TAG_LEN];
        return;
    }
    chacha20::xor(key, 1, nonce, text);
    *tag = tag_of(key, nonce, ad, text);
    wipe_dead_stack::<DEAD_WORDS>();
}

#[inline(always)]
pub(crate) fn open(
    key: &StoredKey,
    nonce: &[u8; NONCE_LEN],
    ad: &[u8],
    text: &mut [u8],
    tag: &[u8; TAG_LEN],
) -> Result<(), Forged> {
    let genuine = !is_too_long(text) && !differ(tag_of(key, nonce, ad, text), tag);
    if genuine {
        chacha20::xor(key, 1, nonce, text);
    }
    wipe_dead_stack::<DEAD_WORDS>();
    if genuine { Ok(()) } else { Err(Forged) }
}

/// Noise §4.2: the key stream that would have hidden 32 zeros.
pub(crate) fn rekey(key: &mut StoredKey) {
    let mut new = Secret::zeroed();
    chacha20::xor(key, 1, &LAST_NONCE, new.expose_mut());
    *key.secret_mut().expose_mut() = *new.expose();
    wipe_dead_stack::<DEAD_WORDS>();
}

/// The tag of a sealed text: over `ad`, the text and their lengths, under §2.6's one-time key.
#[inline(never)] // two calls
fn tag_of(key: &StoredKey, nonce: &[u8; NONCE_LEN], ad: &[u8], text: &[u8]) -> [u8; TAG_LEN] {
    let mut once = OneTimeKey([0; KEY_LEN]);
    chacha20::xor(key, 0, nonce, &mut once.0);
    poly1305::tag(&mut once, ad, text)
}

/// Compared byte by byte to the end, whatever they hold. Nothing stays of `a`: if they differ, it is the tag of a text
/// that nobody with the key has sealed.
fn differ(mut a: [u8; TAG_LEN], b: &[u8; TAG_LEN]) -> bool {
    let difference = a.iter_mut().zip(b).fold(0, |difference, (a, b)| difference | (mem::take(a) ^ b));
    black_box(&a);
    black_box(u32::from(difference).wrapping_neg() >> 31) != 0
}

/// Whether the number of its last block would not fit 32 bits.
fn is_too_long(text: &[u8]) -> bool {
    text.len() as u64 > MAX_TEXT_LEN
}

/// What sealing and opening in Rust take of the stack on Armv6-M.
const DEAD_WORDS: usize = 128;
/// 2^38 − 64 bytes, §2.8.
const MAX_TEXT_LEN: u64 = u32::MAX as u64 * 64;
