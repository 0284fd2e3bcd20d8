//! Who we are, whom we have pinned, and what we share with them.

use crate::cursor::fill;
use crate::error::Error;
use core::fmt;
use lowkey_crypto::{Blake2s, PrivateKey, PublicKey, Secret};

/// Our static key pair.
pub struct Identity {
    private: PrivateKey,
    public: PublicKey,
}

impl Identity {
    /// The identity of a 32-byte X25519 private key; computes the public key (one multiplication).
    ///
    /// # Errors
    /// [`Error::BlankKey`]: nobody has written a key there.
    #[expect(clippy::needless_pass_by_value, reason = "the caller's copy is wiped here")]
    pub fn new(secret: Secret<32>) -> Result<Self, Error> {
        refuse_blank(&secret)?;
        Ok(Self::copy_of(&secret, None))
    }

    /// The same, with the public key already known: no multiplication.
    ///
    /// A public key that does not belong to the secret makes every handshake fail at the peer; it
    /// reveals nothing.
    ///
    /// # Errors
    /// [`Error::BlankKey`]: nobody has written a key there.
    #[expect(clippy::needless_pass_by_value, reason = "the caller's copy is wiped here")]
    pub fn from_parts(secret: Secret<32>, public: PublicKey) -> Result<Self, Error> {
        refuse_blank(&secret)?;
        Ok(Self::copy_of(&secret, Some(&public)))
    }

    /// The same of a secret that is not blank and stays where it lies; without a public key that is computed (one
    /// multiplication).
    #[inline(always)] // made where it will stay
    pub fn copy_of(secret: &Secret<32>, public: Option<&PublicKey>) -> Self {
        // Built in one place: put together of two keys it would be moved once more.
        let mut identity = Self { private: PrivateKey::new(secret), public: PublicKey::new([0; 32]) };
        match public {
            Some(public) => identity.public = *public,
            None => identity.public = identity.private.public_key(),
        }
        identity
    }

    /// The public key, to be pinned by peers.
    pub fn public_key(&self) -> PublicKey {
        self.public
    }

    pub(crate) fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The Diffie-Hellman of both static keys, written to where it is used.
    pub fn shared_with(&self, public: &PublicKey, shared: &mut Secret<32>) {
        self.private.diffie_hellman_into(public, shared);
    }

    /// Whether `key` is ours, however it is spelled.
    pub fn is(&self, key: &PublicKey) -> bool {
        is_spelling_of(&self.public, key)
    }

    pub(crate) fn private(&self) -> &PrivateKey {
        &self.private
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("public", &self.public).finish_non_exhaustive()
    }
}

/// A pinned public key, with the static-static Diffie-Hellman that KK needs already computed.
///
/// Holding one tells you that the key is not our own and not of low order. It does not tell you
/// that anybody is there. It belongs to the [`Identity`] it was pinned with: with another one every
/// handshake fails.
pub struct Peer {
    public: PublicKey,
    ss: Secret<32>,
}

impl Peer {
    /// Pins `public` for `identity` (one multiplication, saved in every later handshake).
    ///
    /// # Errors
    /// - [`Error::OwnKey`]: that key is ours, however it is spelled.
    /// - [`Error::WeakKey`]: the static-static Diffie-Hellman is all zeros; the key is of low order.
    pub fn pin(identity: &Identity, public: PublicKey) -> Result<Self, Error> {
        let mut shared = Secret::zeroed();
        identity.shared_with(&public, &mut shared);
        Self::from_parts(identity, public, shared)
    }

    /// A peer pinned earlier, with the stored static-static Diffie-Hellman: no multiplication.
    ///
    /// # Errors
    /// [`Error::OwnKey`], [`Error::WeakKey`] (`ss` is all zeros, or all ones): such a peer was never pinned.
    #[inline(never)] // what it moves lies in no frame beneath a handshake's
    pub fn from_parts(identity: &Identity, public: PublicKey, ss: Secret<32>) -> Result<Self, Error> {
        if identity.is(&public) {
            return Err(Error::OwnKey);
        }
        if ss.is_blank() { Err(Error::WeakKey) } else { Ok(Self { public, ss }) }
    }

    /// Becomes a peer pinned earlier, of a key that is not our own and of a Diffie-Hellman that is not blank: both are
    /// copied from where they lie to where this lies.
    pub fn copy_from(&mut self, public: &PublicKey, ss: &Secret<32>) {
        self.public = *public;
        *self.ss.expose_mut() = *ss.expose();
    }

    /// The pinned key.
    pub fn public_key(&self) -> PublicKey {
        self.public
    }

    pub(crate) fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The static-static Diffie-Hellman, to be stored beside the static key and as secret as that.
    pub fn shared_secret(&self) -> &Secret<32> {
        &self.ss
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer").field("public", &self.public).finish_non_exhaustive()
    }
}

/// A pre-shared key: 32 random bytes that exactly two sides know (Noise §9).
#[derive(Debug)]
pub struct Psk(Secret<32>);

impl Psk {
    /// The PSK of these 32 bytes.
    ///
    /// # Errors
    /// [`Error::BlankKey`]: nobody has written one there.
    pub fn new(secret: Secret<32>) -> Result<Self, Error> {
        refuse_blank(&secret)?;
        Ok(Self(secret))
    }

    /// The same of a secret that has been seen not to be blank.
    pub(crate) fn of_written(secret: Secret<32>) -> Self {
        Self(secret)
    }

    /// Becomes the PSK of bytes that are not blank, copied from where they lie to where this lies.
    pub fn copy_from(&mut self, secret: &Secret<32>) {
        *self.0.expose_mut() = *secret.expose();
    }

    /// Whether both are the same, in constant time.
    pub fn ct_eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0)
    }

    pub(crate) fn secret(&self) -> &Secret<32> {
        &self.0
    }
}

/// The public name of a pinning on the wire: 1 to 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id {
    bytes: [u8; Self::MAX],
    len: u8,
}

impl Id {
    /// The longest id, in bytes.
    pub const MAX: usize = 32;

    /// An id of 1 to 32 bytes; `None` for any other length.
    #[inline(always)] // it is not moved
    pub fn new(id: &[u8]) -> Option<Self> {
        let (1..=Self::MAX, Ok(len)) = (id.len(), u8::try_from(id.len())) else { return None };
        let mut made = Self { bytes: [0; Self::MAX], len };
        fill(&mut made.bytes, id);
        Some(made)
    }

    /// The default id of a pinning: the first 8 bytes of BLAKE2s-256(`lowkey id` ‖ initiator ‖ responder).
    pub fn of_pinning(initiator: &PublicKey, responder: &PublicKey) -> Self {
        Self::of_hash(&[b"lowkey id", initiator.as_bytes(), responder.as_bytes()])
    }

    /// The first 8 bytes of the BLAKE2s-256 of these.
    pub(crate) fn of_hash(parts: &[&[u8]]) -> Self {
        let mut hash = [0; Self::MAX];
        Blake2s::hash(parts, &mut hash);
        let mut bytes = [0; Self::MAX];
        bytes.iter_mut().zip(hash).take(8).for_each(|(to, from)| *to = from);
        Self { bytes, len: 8 }
    }

    /// The first 8 bytes, and zeros if there are fewer: all of the name of a code, and of an id by default.
    pub fn front(&self) -> &[u8; 8] {
        self.bytes.first_chunk().unwrap_or(&[0; 8])
    }

    /// The bytes as they stand in the hello.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Id(")?;
        for byte in self.as_bytes() {
            write!(f, "{byte:02x}")?;
        }
        f.write_str(")")
    }
}

/// Every secret of a device comes through here: erased flash is no key, and neither is memory that was cleared.
#[inline(always)] // as a call it would be larger
pub(crate) fn refuse_blank(secret: &Secret<32>) -> Result<(), Error> {
    if secret.is_blank() { Err(Error::BlankKey) } else { Ok(()) }
}

/// Whether `theirs` is the key `ours`, however it is spelled.
///
/// RFC 7748 §5 ignores the highest bit and takes the rest modulo p = 2^255 - 19. So `theirs` minus `ours`, below that
/// bit, is 0, or p if ours is one of the 19 lowest numbers: then adding 19 leaves no bit but that one.
/// [`PublicKey::canonical`] would take 100 bytes of flash more. In return 19 less than ours counts as ours too; nobody
/// has that key.
pub(crate) fn is_spelling_of(ours: &PublicKey, theirs: &PublicKey) -> bool {
    let (theirs, ours) = (theirs.as_bytes(), ours.as_bytes());
    let mut sum = if theirs.first() == ours.first() { 0 } else { 19 << 8 };
    let mut others = 0;
    for (theirs, ours) in theirs.iter().zip(ours) {
        others |= sum & 0xff; // to the end for every key: then a trace that differs is always news
        sum = (sum >> 8) + i32::from(*theirs) - i32::from(*ours); // between -256 and 274
    }
    others | (sum & 0x7f) == 0
}
