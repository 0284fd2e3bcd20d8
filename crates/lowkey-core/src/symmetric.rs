//! `SymmetricState` (Noise §5.2): the chaining key, the handshake hash and the handshake's cipher.

use crate::TAG_LEN;
use crate::cipher::{decrypt, encrypt};
use crate::error::Error;
use lowkey_crypto::{AeadKey, Blake2s, Derivation, HASH_LEN, Secret, derive};

pub(crate) struct Symmetric {
    ck: Secret<32>,
    h: [u8; 32], // public: not wiped
    /// The key; before it is made, what it is made of.
    k: Secret<32>,
    n: Option<u8>,
}

impl Symmetric {
    /// All zeros, before [`initialize`](Self::initialize).
    pub(crate) fn new() -> Self {
        Self { ck: Secret::new([0; 32]), h: [0; HASH_LEN], k: Secret::new([0; 32]), n: None }
    }

    /// `InitializeSymmetric(protocol_name)` (§5.2), by the hash of a name that has more than 32 bytes.
    pub(crate) fn initialize(&mut self, hash: &[u8; HASH_LEN]) {
        self.h = *hash;
        *self.ck.expose_mut() = *hash;
    }

    /// `h`, the handshake hash so far.
    pub(crate) fn h(&self) -> &[u8; 32] {
        &self.h
    }

    /// Where `input_key_material` is written before it is mixed in.
    pub(crate) fn ikm(&mut self) -> &mut Secret<32> {
        &mut self.k
    }

    pub(crate) fn wipe(&mut self) {
        self.ck.wipe();
        self.k.wipe();
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
        self.derive(Derivation::MixKey);
    }

    /// `MixKeyAndHash(ikm)`: ck, temp_h, k = HKDF(ck, ikm, 3) (§9).
    #[inline(never)]
    pub(crate) fn mix_key_and_hash(&mut self) {
        let mut temp_h = Secret::zeroed();
        self.derive(Derivation::MixKeyAndHash(&mut temp_h));
        self.mix_hash(temp_h.expose());
    }

    /// `Split()`: temp_k1, temp_k2 = HKDF(ck, "", 2), in place of `ck` and `k`.
    pub(crate) fn split(&mut self) {
        self.derive(Derivation::Split);
    }

    #[inline(never)]
    fn derive(&mut self, derivation: Derivation<'_>) {
        derive(&mut self.ck, &mut self.k, derivation);
        self.n = Some(0);
    }

    /// After [`split`](Self::split): the initiator's sending key and the responder's.
    pub(crate) fn split_keys(&self) -> (&Secret<32>, &Secret<32>) {
        (&self.ck, &self.k)
    }

    /// `EncryptAndHash`, in place: `text` is the plaintext and [`Self::overhead`] bytes of room behind it.
    pub(crate) fn encrypt_and_hash(&mut self, text: &mut [u8]) -> Result<(), Error> {
        if let Some(n) = &mut self.n {
            encrypt(&AeadKey::new(&self.k), u64::from(*n), &self.h, text)?;
            *n = n.wrapping_add(1); // at most three texts a handshake are under one key
        }
        self.mix_hash(text);
        Ok(())
    }

    /// `DecryptAndHash`, in place; returns the plaintext at the front of `text`.
    #[inline(never)] // its frame is not to lie beneath the Diffie-Hellmans of the message
    pub(crate) fn decrypt_and_hash<'t>(&mut self, text: &'t mut [u8]) -> Result<&'t mut [u8], Error> {
        if text.len() < self.overhead() {
            return Err(Error::Truncated);
        }
        let ad = self.h;
        self.mix_hash(text);
        let Some(n) = &mut self.n else { return Ok(text) };
        let plain = decrypt(&AeadKey::new(&self.k), u64::from(*n), &ad, text).ok_or(Error::Decrypt)?;
        *n = n.wrapping_add(1); // as above
        Ok(plain)
    }
}
