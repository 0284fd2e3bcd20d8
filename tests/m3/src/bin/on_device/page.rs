//! Reading the page: `tests/host/on-device` writes it, and says there what each case is.
//!
//! Numbers have two bytes, little-endian; a string has its length before it. A case begins with the number of its kind,
//! and behind the last one is a zero.
#![allow(unsafe_code)] // the place of the page

use core::{ptr, slice};

/// What is left of the page.
pub(crate) struct Page(&'static [u8]);

/// Something to be checked.
pub(crate) enum Case<'p> {
    /// A private and a public key, and their shared secret.
    X25519([&'p [u8; 32]; 3]),
    /// RFC 7748 §5.2: so many times, and the result.
    Iterated((u16, &'p [u8; 32])),
    /// Something sealed.
    Aead(Sealed<'p>),
    /// Something hashed.
    Hash(Hashed<'p>),
    /// The digest of what a function gives for all lengths and alignments.
    Digest { of: u16, expected: &'p [u8; 32] },
    /// Compare the twins on so many random operands, and on odd ones.
    Twins(u16),
    /// Compare the twins of the ladder on so many odd operands.
    Ladders(u16),
    /// Check the functions on memory.
    Memory,
}

/// A case of ChaCha20-Poly1305.
pub(crate) struct Sealed<'p> {
    pub(crate) key: &'p [u8; 32],
    pub(crate) nonce: &'p [u8; 12],
    pub(crate) ad: &'p [u8],
    /// With its tag.
    pub(crate) sealed: &'p [u8],
    /// `None` if it must not open.
    pub(crate) plain: Option<&'p [u8]>,
}

/// A case of BLAKE2s.
pub(crate) struct Hashed<'p> {
    pub(crate) key: Option<&'p [u8; 32]>,
    pub(crate) message: &'p [u8],
    pub(crate) hash: &'p [u8; 32],
}

impl Case<'_> {
    /// Its place in the list of kinds.
    pub(crate) fn kind(&self) -> usize {
        match self {
            Self::X25519(_) => 0,
            Self::Iterated(_) => 1,
            Self::Aead(_) => 2,
            Self::Hash(_) => 3,
            Self::Digest { .. } => 4,
            Self::Twins(_) => 5,
            Self::Ladders(_) => 6,
            Self::Memory => 7,
        }
    }
}

impl Page {
    /// The page in the upper half of the flash; `None` if nothing was put there.
    pub(crate) fn at_its_place() -> Option<Self> {
        // SAFETY: the upper half of the flash, where nothing writes; the runner has seen that the program ends below.
        let flash = unsafe { slice::from_raw_parts(ptr::with_exposed_provenance(AT), LEN) };
        let (magic, rest) = flash.split_at_checked(MAGIC.len())?;
        (magic == MAGIC).then_some(Self(rest))
    }

    fn take(&mut self, len: usize) -> Option<&'static [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<&'static [u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn number(&mut self) -> Option<u16> {
        self.array().map(|bytes| u16::from_le_bytes(*bytes))
    }

    fn string(&mut self) -> Option<&'static [u8]> {
        let len = self.number()?;
        self.take(len.into())
    }

    fn case(&mut self, kind: u16) -> Option<Case<'static>> {
        Some(match kind {
            1 => Case::X25519([self.array()?, self.array()?, self.array()?]),
            2 => Case::Iterated((self.number()?, self.array()?)),
            3 | 4 => Case::Aead(Sealed {
                key: self.array()?,
                nonce: self.array()?,
                ad: self.string()?,
                sealed: self.string()?,
                plain: if kind == 3 { Some(self.string()?) } else { None },
            }),
            5 | 6 => Case::Hash(Hashed {
                key: if kind == 6 { Some(self.array()?) } else { None },
                message: self.string()?,
                hash: self.array()?,
            }),
            7 => Case::Digest { of: self.number()?, expected: self.array()? },
            8 => Case::Twins(self.number()?),
            9 => Case::Ladders(self.number()?),
            10 => Case::Memory,
            _ => return None,
        })
    }
}

impl Iterator for Page {
    /// `None` for a case that cannot be read.
    type Item = Option<Case<'static>>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.number() {
            Some(0) => None,
            Some(kind) => Some(self.case(kind)),
            None => Some(None),
        }
    }
}

const AT: usize = 0x2_0000;
const LEN: usize = 0x2_0000;
const MAGIC: &[u8] = b"m3 page\n";
