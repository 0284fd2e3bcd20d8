//! The key page: everything that makes one device itself, in 344 bytes of flash of their own.
//!
//! The firmware image holds no key. Provisioning writes this page once; the firmware reads it where
//! it lies. Integers are single bytes; unused bytes are zero.
//!
//! | offset | bytes | field |
//! | ---: | ---: | --- |
//! | 0 | 4 | `LKPG` |
//! | 4 | 1 | version of this layout, 1 |
//! | 5 | 1 | flags: bit 0, a PSK is set; the others are zero |
//! | 6 | 1 | length of the id, 1..=32 |
//! | 7 | 1 | length of the address, 0..=64 |
//! | 8 | 32 | id of the pinning |
//! | 40 | 64 | address of the peer, UTF-8 text as the firmware understands it, for example `host:port` |
//! | 104 | 32 | static private key |
//! | 136 | 32 | its public key |
//! | 168 | 32 | the peer's static public key |
//! | 200 | 32 | the static-static Diffie-Hellman of both |
//! | 232 | 32 | hedge secret for ephemerals |
//! | 264 | 32 | seed, for a device without an entropy source |
//! | 296 | 32 | PSK, or zeros |
//! | 328 | 16 | BLAKE2s-256 over bytes 0..328, its first 16 |
//!
//! The check finds accidents, not attackers: who can write the page owns the device.

mod keys;

pub use keys::Keys;

use crate::error::Error;
use crate::keys::{Id, Identity, Peer, refuse_blank};
use crate::published::{is_published, is_published_psk};
use core::fmt;
use lowkey_crypto::{Blake2s, PublicKey, Secret, is_blank};

/// Length of a key page, in bytes.
pub const LEN: usize = CHECK + CHECK_LEN;

const MAGIC: [u8; 4] = *b"LKPG";
const VERSION: u8 = 1;
const FLAG_PSK: u8 = 1;

const ID: usize = 8;
const ADDRESS: usize = ID + Id::MAX;
const STATIC: usize = ADDRESS + MAX_ADDRESS;
const PUBLIC: usize = STATIC + 32;
const PEER: usize = PUBLIC + 32;
const SHARED: usize = PEER + 32;
const HEDGE: usize = SHARED + 32;
const SEED: usize = HEDGE + 32;
const PSK: usize = SEED + 32;
const CHECK: usize = PSK + 32;
const CHECK_LEN: usize = 16;

/// The longest address, in bytes.
pub const MAX_ADDRESS: usize = 64;

const _: () = assert!(LEN == 344 && LEN.is_multiple_of(4), "programmed in words");

/// Why a key page cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PageError {
    /// Fewer than [`LEN`] bytes.
    Truncated,
    /// Erased flash (all bytes `0xff`): this device has not been provisioned.
    Blank,
    /// Something else lies here: no `LKPG` at its start.
    NoPage,
    /// A layout this firmware does not know.
    Version(u8),
    /// The check does not match: damaged, or written halfway.
    Damaged,
    /// The check matches and a field is impossible all the same: a provisioning tool's error.
    Malformed,
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl core::error::Error for PageError {}

impl PageError {
    /// The message of this error, for firmware that prints without `core::fmt`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Truncated => "key page: shorter than 344 bytes",
            Self::Blank => "key page: blank, this device has not been provisioned",
            Self::NoPage => "key page: something else is in its place",
            Self::Version(_) => "key page: of a version that this firmware does not know",
            Self::Damaged => "key page: damaged, its check does not match",
            Self::Malformed => "key page: a field is impossible",
        }
    }
}

/// Where the fields of a checked page lie, for a port that reads them itself. Most of them are secret.
///
/// Holding one tells you that the page's bytes are what a provisioning tool wrote; not who wrote them.
#[derive(Clone, Copy)]
pub struct Fields<'f> {
    /// The pinning's id, 1 to 32 bytes.
    pub id: &'f [u8],
    /// The peer's address, 0 to 64 bytes of text; [`Page`] checks that it is UTF-8.
    pub address: &'f [u8],
    /// Our static private key.
    pub private_key: &'f [u8; 32],
    /// Its public key.
    pub public_key: &'f [u8; 32],
    /// The peer's static public key.
    pub peer: &'f [u8; 32],
    /// The static-static Diffie-Hellman of both.
    pub shared: &'f [u8; 32],
    /// The hedge secret.
    pub hedge: &'f [u8; 32],
    /// The seed.
    pub seed: &'f [u8; 32],
    /// The PSK, where the pinning has one.
    pub psk: Option<&'f [u8; 32]>,
}

impl<'f> Fields<'f> {
    /// Checks the page at the front of `flash`, all but the address's text.
    ///
    /// # Errors
    /// As [`PageError`] says; nothing is guessed.
    pub fn read(flash: &'f [u8]) -> Result<Self, PageError> {
        let bytes: &[u8; LEN] = flash.first_chunk().ok_or(PageError::Truncated)?;
        let [m0, m1, m2, m3, version, flags, id_len, address_len, ..] = *bytes;
        if bytes.iter().all(|byte| *byte == 0xff) {
            return Err(PageError::Blank);
        }
        if [m0, m1, m2, m3] != MAGIC {
            return Err(PageError::NoPage);
        }
        if version != VERSION {
            return Err(PageError::Version(version));
        }
        // A checksum over a page that is ours: nobody learns from where the comparison stops.
        if *field::<CHECK_LEN>(bytes, CHECK) != check(bytes) {
            return Err(PageError::Damaged);
        }
        let (id_len, address_len) = (usize::from(id_len), usize::from(address_len));
        if !matches!(id_len, 1..=Id::MAX) || address_len > MAX_ADDRESS || flags & !FLAG_PSK != 0 {
            return Err(PageError::Malformed);
        }
        let fields = Self {
            id: field::<{ Id::MAX }>(bytes, ID).get(..id_len).unwrap_or_default(),
            address: field::<MAX_ADDRESS>(bytes, ADDRESS).get(..address_len).unwrap_or_default(),
            private_key: field(bytes, STATIC),
            public_key: field(bytes, PUBLIC),
            peer: field(bytes, PEER),
            shared: field(bytes, SHARED),
            hedge: field(bytes, HEDGE),
            seed: field(bytes, SEED),
            psk: (flags & FLAG_PSK != 0).then(|| field(bytes, PSK)),
        };
        let Self { private_key, hedge, seed, psk, .. } = fields;
        let secrets = [private_key, hedge, seed, psk.unwrap_or(seed)];
        if secrets.into_iter().any(is_blank) { Err(PageError::Malformed) } else { Ok(fields) }
    }

    /// As [`Page::is_published`].
    pub fn is_published(&self) -> bool {
        let Self { public_key, peer, psk, .. } = *self;
        [public_key, peer].into_iter().any(|key| is_published(PublicKey::of(key)))
            || psk.is_some_and(|psk| is_published_psk(Secret::of(psk)))
    }
}

/// A key page that has been checked, read where it lies.
///
/// Holding one tells you that its bytes are what a provisioning tool wrote; not who wrote them.
#[derive(Clone, Copy)]
pub struct Page<'f> {
    fields: Fields<'f>,
    id: Id,
    address: &'f str,
}

impl<'f> Page<'f> {
    /// Checks the page at the front of `flash`.
    ///
    /// # Errors
    /// As [`PageError`] says; nothing is guessed.
    pub fn read(flash: &'f [u8]) -> Result<Self, PageError> {
        let fields = Fields::read(flash)?;
        let id = Id::new(fields.id).ok_or(PageError::Malformed)?;
        let address = core::str::from_utf8(fields.address).map_err(|_| PageError::Malformed)?;
        Ok(Self { fields, id, address })
    }

    /// The pinning's id.
    pub fn id(&self) -> &Id {
        &self.id
    }

    /// The peer's address, as text; empty if none was provisioned.
    pub fn address(&self) -> &'f str {
        self.address
    }

    /// Whether a key of it, the device's, the peer's or the PSK, is [printed in the documentation of
    /// Lowkey](crate::published): a page that somebody has copied from there, for a try. It protects nothing, so a
    /// device that has one should do nothing at all.
    ///
    /// [`Self::read`] and [`Self::load`] do not ask: the list takes flash, which provisioning that is `lowkey
    /// provision`'s has made unnecessary.
    pub fn is_published(&self) -> bool {
        self.fields.is_published()
    }

    /// The hedge secret, for [`Ephemerals`](crate::Ephemerals).
    pub fn hedge(&self) -> Secret<32> {
        secret(self.fields.hedge)
    }

    /// 32 random bytes for a device without an entropy source, for [`SeedEntropy`](crate::SeedEntropy);
    /// what that does not give is said there.
    pub fn seed(&self) -> Secret<32> {
        secret(self.fields.seed)
    }
}

impl fmt::Debug for Page<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page").field("id", &self.id).field("address", &self.address).finish_non_exhaustive()
    }
}

/// What a provisioning tool puts into a page.
#[derive(Debug)]
pub struct Contents<'a> {
    /// The pinning's id.
    pub id: Id,
    /// The peer's address, at most [`MAX_ADDRESS`] bytes of UTF-8.
    pub address: &'a str,
    /// The device's static private key.
    pub static_key: &'a Secret<32>,
    /// The peer's static public key.
    pub peer: PublicKey,
    /// 32 random bytes, used for nothing else.
    pub hedge: &'a Secret<32>,
    /// 32 random bytes, used for nothing else.
    pub seed: &'a Secret<32>,
    /// The PSK, if the pinning has one.
    pub psk: Option<&'a Secret<32>>,
}

impl Contents<'_> {
    /// The page's bytes.
    ///
    /// # Errors
    /// - [`Error::BlankKey`]: a secret is all zeros or all ones.
    /// - [`Error::BufferTooSmall`]: the address is longer than [`MAX_ADDRESS`] bytes.
    /// - [`Error::OwnKey`], [`Error::WeakKey`]: the peer's key cannot be pinned.
    pub fn encode(&self) -> Result<Secret<LEN>, Error> {
        let identity = Identity::new(self.static_key.duplicate())?;
        [self.hedge, self.seed, self.psk.unwrap_or(self.seed)].into_iter().try_for_each(refuse_blank)?;
        let peer = Peer::pin(&identity, self.peer)?;
        let id = self.id.as_bytes();
        let address = self.address.as_bytes();
        if address.len() > MAX_ADDRESS {
            return Err(Error::BufferTooSmall);
        }
        let lengths = [id.len(), address.len()].map(|len| u8::try_from(len).unwrap_or(u8::MAX));
        let flags = if self.psk.is_some() { FLAG_PSK } else { 0 };

        let mut page = Secret::<LEN>::zeroed();
        let bytes = page.expose_mut();
        put(bytes, 0, &MAGIC);
        put(bytes, 4, &[VERSION, flags]);
        put(bytes, 6, &lengths);
        put(bytes, ID, id);
        put(bytes, ADDRESS, address);
        put(bytes, STATIC, self.static_key.expose());
        put(bytes, PUBLIC, identity.public_key().as_bytes());
        put(bytes, PEER, self.peer.as_bytes());
        put(bytes, SHARED, peer.shared_secret().expose());
        put(bytes, HEDGE, self.hedge.expose());
        put(bytes, SEED, self.seed.expose());
        put(bytes, PSK, self.psk.unwrap_or(&Secret::zeroed()).expose());
        let check = check(bytes);
        put(bytes, CHECK, &check);
        Ok(page)
    }
}

fn check(bytes: &[u8; LEN]) -> [u8; CHECK_LEN] {
    let mut hash = [0; 32];
    Blake2s::hash(&[bytes.get(..CHECK).unwrap_or_default()], &mut hash);
    hash.first_chunk().copied().unwrap_or_default()
}

/// `N` bytes at `at`, which is one of the constants above and lies inside.
fn field<const N: usize>(bytes: &[u8; LEN], at: usize) -> &[u8; N] {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).unwrap_or(&[0; N])
}

fn secret(field: &[u8; 32]) -> Secret<32> {
    Secret::take(&mut { *field })
}

fn put(bytes: &mut [u8; LEN], at: usize, value: &[u8]) {
    bytes.iter_mut().skip(at).zip(value).for_each(|(to, from)| *to = *from);
}
