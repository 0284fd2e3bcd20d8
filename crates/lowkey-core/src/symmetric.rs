//! `SymmetricState` (Noise §5.2): the chaining key, the handshake hash and the handshake's cipher.

use crate::cipher::nonce;
use crate::cursor::fill;
use crate::{Error, TAG_LEN};
use lowkey_crypto::{AeadKey, Blake2s, HASH_LEN, Hkdf, Secret};

pub(crate) struct Symmetric {
    ck: Secret<32>,
    h: [u8; 32], // public: not wiped
    /// The key; before it is made, what it is made of.
    k: Secret<32>,
    n: Option<u8>,
}

impl Symmetric {
    /// `InitializeSymmetric(protocol_name)`, then `MixHash(prologue)` (§5.3).
    pub(crate) fn new(protocol_name: &[u8], prologue: &[u8]) -> Self {
        let mut symmetric = Self { ck: Secret::zeroed(), h: [0; HASH_LEN], k: Secret::zeroed(), n: None };
        if protocol_name.len() > HASH_LEN {
            Blake2s::hash(&[protocol_name], &mut symmetric.h);
        } else {
            fill(&mut symmetric.h, protocol_name);
        }
        *symmetric.ck.expose_mut() = symmetric.h;
        symmetric.mix_hash(prologue);
        symmetric
    }

    /// `h`, the handshake hash so far.
    pub(crate) fn h(&self) -> &[u8; 32] {
        &self.h
    }

    /// Where `input_key_material` is written before it is mixed in.
    pub(crate) fn ikm(&mut self) -> &mut Secret<32> {
        &mut self.k
    }

    /// How many bytes `encrypt_and_hash` adds now: a tag once there is a key.
    pub(crate) fn overhead(&self) -> usize {
        if self.n.is_some() { TAG_LEN } else { 0 }
    }

    /// `MixHash(data)`: h = HASH(h ‖ data).
    #[inline(never)]
    pub(crate) fn mix_hash(&mut self, data: &[u8]) {
        Blake2s::hash(&[&{ self.h }, data], &mut self.h);
    }

    /// `MixKey(ikm)`: ck, k = HKDF(ck, ikm, 2).
    pub(crate) fn mix_key(&mut self) {
        self.derive(Derivation::Key);
    }

    /// `MixKeyAndHash(ikm)`: ck, temp_h, k = HKDF(ck, ikm, 3) (§9).
    pub(crate) fn mix_key_and_hash(&mut self) {
        self.derive(Derivation::KeyAndHash);
    }

    /// `Split()`: temp_k1, temp_k2 = HKDF(ck, "", 2), in place of `ck` and `k`.
    pub(crate) fn split(&mut self) {
        self.derive(Derivation::Split);
    }

    /// After [`split`](Self::split): the initiator's sending key and the responder's.
    pub(crate) fn split_keys(&self) -> (&Secret<32>, &Secret<32>) {
        (&self.ck, &self.k)
    }

    #[inline(never)]
    fn derive(&mut self, derivation: Derivation) {
        let ikm: &[u8] = match derivation {
            Derivation::Split => &[],
            _ => self.k.expose(),
        };
        let mut outputs = Hkdf::extract(&self.ck, ikm);
        outputs.expand(&mut self.ck);
        outputs.expand(&mut self.k);
        if let Derivation::KeyAndHash = derivation {
            let temp_h = &self.k;
            Blake2s::hash(&[&{ self.h }, temp_h.expose()], &mut self.h);
            outputs.expand(&mut self.k);
        }
        self.n = Some(0);
    }

    /// `EncryptAndHash`, in place: `text` is the plaintext and [`Self::overhead`] bytes of room behind it.
    pub(crate) fn encrypt_and_hash(&mut self, text: &mut [u8]) -> Result<(), Error> {
        if let Some(n) = &mut self.n {
            let (plain, tag) = text.split_last_chunk_mut::<TAG_LEN>().ok_or(Error::BufferTooSmall)?;
            *tag = AeadKey::new(&self.k).seal_in_place(&nonce(u64::from(*n)), &self.h, plain);
            *n = n.wrapping_add(1); // at most three texts a handshake are under one key
        }
        self.mix_hash(text);
        Ok(())
    }

    /// `DecryptAndHash`, in place; returns the plaintext at the front of `text`.
    pub(crate) fn decrypt_and_hash<'t>(&mut self, text: &'t mut [u8]) -> Result<&'t mut [u8], Error> {
        let plain_len = text.len().checked_sub(self.overhead()).ok_or(Error::Truncated)?;
        let ad = self.h;
        self.mix_hash(text);
        if let Some(n) = &mut self.n {
            AeadKey::new(&self.k)
                .open_in_place(&nonce(u64::from(*n)), &ad, text)
                .map_err(|_| Error::Decrypt)?;
            *n = n.wrapping_add(1); // as above
        }
        text.get_mut(..plain_len).ok_or(Error::Truncated)
    }
}

/// The three functions that take a new chaining key and a new key out of `HKDF(ck, ikm, N)`.
#[derive(Clone, Copy)]
enum Derivation {
    Key,
    KeyAndHash,
    Split,
}
