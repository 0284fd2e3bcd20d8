//! X25519 (RFC 7748 §5): key pairs and the Diffie-Hellman function that Noise §12.1 calls `25519`.

use core::fmt;

use crate::secret::Secret;
use crate::{KEY_LEN, body};

/// An X25519 public key: a u-coordinate, 32 bytes, little-endian.
///
/// Any 32 bytes are a public key; holding one tells you nothing about who holds the private half, or that
/// anybody does. `==` and `<` compare bytes: two spellings of one coordinate (RFC 7748 §5 ignores the top
/// bit and reduces modulo 2²⁵⁵ − 19) are different keys here, as they are in a Noise handshake hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct PublicKey([u8; KEY_LEN]);

impl PublicKey {
    /// The public key with these bytes.
    #[must_use]
    pub const fn new(bytes: [u8; KEY_LEN]) -> Self {
        Self(bytes)
    }

    /// The public key that these bytes are, where they lie.
    #[must_use]
    #[allow(unsafe_code)]
    pub const fn of(bytes: &[u8; KEY_LEN]) -> &Self {
        // SAFETY: `PublicKey` is `repr(transparent)` over its bytes.
        unsafe { &*(&raw const *bytes).cast() }
    }

    /// Its bytes, as they go over the wire.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; KEY_LEN] {
        &self.0
    }

    /// The same key as every implementation writes it: RFC 7748 §5 has those who read a key ignore its highest bit and
    /// take the rest modulo 2^255 - 19, so that most keys have two spellings and some four.
    ///
    /// Whoever compares keys compares these. The wire is another matter: a handshake hashes a key as its owner spells
    /// it, which is this way. Not in constant time: it is public.
    #[must_use]
    pub fn canonical(&self) -> Self {
        let mut u = self.0;
        let [lowest, .., highest] = &mut u;
        *highest &= 0x7f;
        // From 2^255 - 19 on there are 19 numbers, which stand for 0 to 18.
        if *highest == 0x7f && *lowest >= 0xed && self.0.iter().skip(1).take(30).all(|byte| *byte == 0xff) {
            return Self(small(*lowest - 0xed));
        }
        Self(u)
    }

    /// Whether every Diffie-Hellman with it is all zeros, found without one.
    ///
    /// Compares with the coordinates whose order divides 8, on the curve and on its twist, in every spelling that
    /// RFC 7748 §5 allows. Not in constant time: it is public.
    #[must_use]
    pub fn is_low_order(&self) -> bool {
        let mut u = self.0;
        if let Some(top) = u.last_mut() {
            *top &= 0x7f; // not part of the number
        }
        LOW_ORDER.contains(&u)
    }
}

impl From<[u8; KEY_LEN]> for PublicKey {
    fn from(bytes: [u8; KEY_LEN]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for PublicKey {
    /// All 32 bytes in hex: it is public, and a shortened key invites look-alikes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey(")?;
        for byte in &self.0 {
            write!(f, "{byte:02x}")?;
        }
        f.write_str(")")
    }
}

/// An X25519 private key, static or ephemeral; wiped on drop.
///
/// It holds no public key: one that is asked for more than once is best kept beside it.
pub struct PrivateKey(body::PrivateKey);

impl PrivateKey {
    /// The private key made of these 32 bytes; any will do, if nobody can guess them.
    ///
    /// Clamping (RFC 7748 §5) happens inside; `secret` itself is left alone. The aws-lc body computes the
    /// public key here, the others do nothing but clamp.
    #[inline(never)] // the clamping, once
    #[must_use]
    pub fn new(secret: &Secret<KEY_LEN>) -> Self {
        #[cfg(lowkey_says)]
        crate::chosen::say();
        Self(body::PrivateKey::new(secret))
    }

    /// `X25519(k, 9)`, RFC 7748 §6.1.
    ///
    /// The compact and the portable body compute it at each call, for the price of a Diffie-Hellman (the portable
    /// one for a third of that with the feature `precomputed-tables`).
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        let mut public = [0; KEY_LEN];
        self.0.public_key(&mut public);
        PublicKey(public)
    }

    /// [`public_key`](Self::public_key), its bytes written to where they are wanted.
    pub fn public_key_into(&self, public: &mut [u8; KEY_LEN]) {
        self.0.public_key(public);
    }

    /// `X25519(k, u)`, RFC 7748 §5; `DH(key_pair, public_key)`, Noise §12.1.
    ///
    /// A public key of low order gives 32 zero bytes and no error (Noise §12.1). A caller who must know
    /// asks [`Secret::is_zero`].
    #[must_use]
    pub fn diffie_hellman(&self, public: &PublicKey) -> Secret<KEY_LEN> {
        let mut shared = Secret::zeroed();
        self.0.diffie_hellman(&public.0, &mut shared);
        shared
    }

    /// [`diffie_hellman`](Self::diffie_hellman), written to where it is used.
    pub fn diffie_hellman_into(&self, public: &PublicKey, shared: &mut Secret<KEY_LEN>) {
        self.0.diffie_hellman(&public.0, shared);
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(..)")
    }
}

/// 0, 1, p − 1, the two of order 8, and 0 and 1 once more as p and p + 1. No other of them has a second spelling
/// below 2²⁵⁵: that takes a number below 19.
const LOW_ORDER: [[u8; KEY_LEN]; 7] = [
    small(0),
    small(1),
    near_2_to_255(0xec),
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4,
        0x6a, //
        0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef,
        0x5b, //
        0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
    ],
    near_2_to_255(0xed),
    near_2_to_255(0xee),
];

const fn small(number: u8) -> [u8; KEY_LEN] {
    let mut bytes = [0; KEY_LEN];
    bytes[0] = number;
    bytes
}

/// 2²⁵⁵ − 256 + `low`.
const fn near_2_to_255(low: u8) -> [u8; KEY_LEN] {
    let mut bytes = [0xff; KEY_LEN];
    (bytes[0], bytes[KEY_LEN - 1]) = (low, 0x7f);
    bytes
}
