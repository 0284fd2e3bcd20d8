//! Reading the page, as [`m3_tests::page`] lays it out.
#![allow(unsafe_code)] // the place of the page

use core::{ptr, slice};

use m3_tests::page::{
    AEAD, AT, DIGEST, END, FLASH, FORGED, HASH, ITERATED, KEYED_HASH, Kind, LADDERS, LEN, MAGIC, MEMORY,
    TWINS, X25519,
};

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
    /// With which others it is counted.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::X25519(_) => Kind::X25519,
            Self::Iterated(_) => Kind::Iterated,
            Self::Aead(_) => Kind::Aead,
            Self::Hash(_) => Kind::Hash,
            Self::Digest { .. } => Kind::Digest,
            Self::Twins(_) => Kind::Twins,
            Self::Ladders(_) => Kind::Ladders,
            Self::Memory => Kind::Memory,
        }
    }
}

impl Page {
    /// The page in the upper half of the flash; `None` if nothing was put there.
    pub(crate) fn at_its_place() -> Option<Self> {
        // SAFETY: the upper half of the flash, where nothing writes; the runner has seen that the program ends below.
        let flash = unsafe { slice::from_raw_parts(ptr::with_exposed_provenance(FLASH + AT), LEN) };
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

    fn case(&mut self, number: u16) -> Option<Case<'static>> {
        Some(match number {
            X25519 => Case::X25519([self.array()?, self.array()?, self.array()?]),
            ITERATED => Case::Iterated((self.number()?, self.array()?)),
            AEAD | FORGED => Case::Aead(Sealed {
                key: self.array()?,
                nonce: self.array()?,
                ad: self.string()?,
                sealed: self.string()?,
                plain: if number == AEAD { Some(self.string()?) } else { None },
            }),
            HASH | KEYED_HASH => Case::Hash(Hashed {
                key: if number == KEYED_HASH { Some(self.array()?) } else { None },
                message: self.string()?,
                hash: self.array()?,
            }),
            DIGEST => Case::Digest { of: self.number()?, expected: self.array()? },
            TWINS => Case::Twins(self.number()?),
            LADDERS => Case::Ladders(self.number()?),
            MEMORY => Case::Memory,
            _ => return None,
        })
    }
}

impl Iterator for Page {
    /// `None` for a case that cannot be read.
    type Item = Option<Case<'static>>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.number() {
            Some(END) => None,
            Some(number) => Some(self.case(number)),
            None => Some(None),
        }
    }
}
