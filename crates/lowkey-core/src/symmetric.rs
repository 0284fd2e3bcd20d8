//! `SymmetricState` (Noise §5.2): the chaining key, the handshake hash and the handshake's cipher.

use crate::cipher::nonce;
use crate::cursor::fill;
use crate::{Error, TAG_LEN};
use lowkey_crypto::{AeadKey, Blake2s, HASH_LEN, Secret, hkdf};

pub(crate) struct Symmetric {
    ck: Secret<32>,
    h: [u8; 32], // public: not wiped
    k: Option<AeadKey>,
    n: u64,
}

impl Symmetric {
    /// `InitializeSymmetric(protocol_name)`, then `MixHash(prologue)` (§5.3).
    pub(crate) fn new(protocol_name: &[u8], prologue: &[u8]) -> Self {
        let mut h = [0; HASH_LEN];
        match h.get_mut(..protocol_name.len()) {
            Some(front) => fill(front, protocol_name),
            None => {
                let mut hash = Blake2s::new();
                hash.update(protocol_name);
                h = hash.finalize();
            }
        }
        let mut symmetric = Self { ck: Secret::new(h), h, k: None, n: 0 };
        symmetric.mix_hash(prologue);
        symmetric
    }

    /// `h`, the handshake hash so far.
    pub(crate) fn h(&self) -> &[u8; 32] {
        &self.h
    }

    /// How many bytes `encrypt_and_hash` adds now: a tag once there is a key.
    pub(crate) fn overhead(&self) -> usize {
        if self.k.is_some() { TAG_LEN } else { 0 }
    }

    /// `MixHash(data)`: h = HASH(h ‖ data).
    pub(crate) fn mix_hash(&mut self, data: &[u8]) {
        let mut hash = Blake2s::new();
        hash.update(&self.h);
        hash.update(data);
        self.h = hash.finalize();
    }

    /// `MixKey(ikm)`: ck, k = HKDF(ck, ikm, 2).
    pub(crate) fn mix_key(&mut self, ikm: &[u8; 32]) {
        let [ck, k] = hkdf(&self.ck, ikm);
        self.ck = ck;
        self.initialize_key(&k);
    }

    /// `MixKeyAndHash(ikm)`: ck, temp_h, k = HKDF(ck, ikm, 3) (§9).
    pub(crate) fn mix_key_and_hash(&mut self, ikm: &[u8; 32]) {
        let [ck, temp_h, k] = hkdf(&self.ck, ikm);
        self.ck = ck;
        self.mix_hash(temp_h.expose());
        self.initialize_key(&k);
    }

    fn initialize_key(&mut self, k: &Secret<32>) {
        self.k = Some(AeadKey::new(k));
        self.n = 0;
    }

    /// `EncryptAndHash`, in place: `text` is the plaintext and [`Self::overhead`] bytes of room behind it.
    pub(crate) fn encrypt_and_hash(&mut self, text: &mut [u8]) -> Result<(), Error> {
        if let Some(k) = &self.k {
            let (plain, tag) = text.split_last_chunk_mut::<TAG_LEN>().ok_or(Error::BufferTooSmall)?;
            *tag = k.seal_in_place(&nonce(self.n), &self.h, plain);
            self.n = self.n.wrapping_add(1); // at most three texts a handshake are under one key
        }
        self.mix_hash(text);
        Ok(())
    }

    /// `DecryptAndHash`, in place; returns the plaintext at the front of `text`.
    pub(crate) fn decrypt_and_hash<'t>(&mut self, text: &'t mut [u8]) -> Result<&'t mut [u8], Error> {
        let plain_len = text.len().checked_sub(self.overhead()).ok_or(Error::Truncated)?;
        let ad = self.h;
        self.mix_hash(text);
        if let Some(k) = &self.k {
            k.open_in_place(&nonce(self.n), &ad, text).map_err(|_| Error::Decrypt)?;
            self.n = self.n.wrapping_add(1); // as above
        }
        text.get_mut(..plain_len).ok_or(Error::Truncated)
    }

    /// `Split()`: the initiator's sending key, then the responder's.
    pub(crate) fn split(&self) -> [AeadKey; 2] {
        hkdf::<2>(&self.ck, &[]).map(|k| AeadKey::new(&k))
    }
}
