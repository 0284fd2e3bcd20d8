//! A pairing code: the secret on a label that brings two sides together once (the protocol, "Pairing", §6).

pub mod base32;
pub mod label;

use crate::cursor::fill;
use crate::keys::{Id, Psk};
use core::{fmt, hint::black_box};
use lowkey_crypto::{Blake2s, Secret};

/// A pairing code: 16 to 32 random bytes, known to the two sides that are to pin each other and to whoever reads the
/// label.
///
/// Holding one does not tell you that it is unspent, nor that its bytes are random.
pub struct Code {
    bytes: Secret<{ Self::MAX }>,
    len: usize,
}

impl Code {
    /// The shortest code, in bytes.
    pub const MIN: usize = 16;
    /// The longest code, in bytes.
    pub const MAX: usize = 32;
    /// The length of its name, in bytes.
    pub const NAME_LEN: usize = 8;

    /// The code of these bytes. The caller's own copy stays as it is.
    ///
    /// # Errors
    /// [`CodeError::Length`], [`CodeError::Blank`], [`CodeError::Published`].
    pub fn new(bytes: &[u8]) -> Result<Self, CodeError> {
        let code = Self::of(bytes)?;
        code.check()?;
        Ok(code)
    }

    /// The code of these bytes, whatever they are.
    pub(crate) fn of(bytes: &[u8]) -> Result<Self, CodeError> {
        if bytes.len() > Self::MAX {
            return Err(CodeError::Length);
        }
        let mut code = Self { bytes: Secret::zeroed(), len: bytes.len() };
        fill(code.bytes.expose_mut(), bytes);
        Ok(code)
    }

    /// The code that people type, bare: base32 (RFC 4648) without padding. Spaces and hyphens are skipped, lower case
    /// is accepted. The whole text of a label, as a file of `lowkey code new` has it, is for [`label::parse`].
    ///
    /// # Errors
    /// [`CodeError::Letter`], [`CodeError::LastLetter`], [`CodeError::Length`]: this is not how a code is written.
    /// [`CodeError::Blank`], [`CodeError::Published`].
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self, CodeError> {
        let code = Self::decode(text.as_ref())?;
        code.check()?;
        Ok(code)
    }

    /// The bytes of this text, whatever they are.
    fn decode(text: &[u8]) -> Result<Self, CodeError> {
        let mut code = Self { bytes: Secret::zeroed(), len: 0 };
        code.len = base32::decode(text, code.bytes.expose_mut())?;
        Ok(code)
    }

    /// The PSK of XXpsk0: BLAKE2s-256(`lowkey pairing` ‖ the code's bytes).
    pub fn psk(&self) -> Psk {
        let mut psk = Secret::zeroed();
        Blake2s::hash(&[b"lowkey pairing", self.expose()], psk.expose_mut());
        Psk::of_written(psk)
    }

    /// Its public name, which is the id in the hello: the first 8 bytes of BLAKE2s-256(`lowkey code name` ‖ the code's
    /// bytes).
    pub fn name(&self) -> Id {
        Id::of_hash(&[b"lowkey code name", self.expose()])
    }

    /// The secret bytes.
    pub fn expose(&self) -> &[u8] {
        self.bytes.expose().get(..self.len).unwrap_or_default()
    }

    fn check(&self) -> Result<(), CodeError> {
        if self.len < Self::MIN {
            return Err(CodeError::Length);
        }
        // Only the answer can be told from the time that this takes.
        let [first, ..] = self.bytes.expose();
        let all = (first >> 7).wrapping_neg(); // what all bits have to be like
        if black_box(self.expose().iter().fold(0, |differing, byte| differing | (byte ^ all))) == 0 {
            return Err(CodeError::Blank);
        }
        if *self.name().front() == PUBLISHED { Err(CodeError::Published) } else { Ok(()) }
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(..)")
    }
}

/// Why something is no pairing code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodeError {
    /// Something in it is no letter of base32: a typing error. Or it is the whole text of a label, which
    /// [`label::parse`] reads.
    Letter,
    /// Its last letter is none that can stand there: that one is wrong, or others are missing.
    LastLetter,
    /// It has fewer than 16 bytes or more than 32, or a length that no bytes give: something is missing, or too much.
    Length,
    /// All bits are zero, or all are one: nobody has written a code there.
    Blank,
    /// It is the example in the protocol, which everybody knows.
    Published,
}

impl CodeError {
    /// The message of this error, for firmware that prints without `core::fmt`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Letter => "no letter of bare codes; try label::parse",
            Self::LastLetter => "its last letter is wrong, or letters are missing",
            Self::Length => "too short or too long for a code",
            Self::Blank => "all bits are zero or all are one: nobody has written a code there",
            Self::Published => "the example of the protocol, which everybody knows",
        }
    }
}

impl fmt::Display for CodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl core::error::Error for CodeError {}

/// The name of the code in the protocol's example (§6).
const PUBLISHED: [u8; Code::NAME_LEN] = [0x43, 0xdd, 0x20, 0x44, 0x98, 0x16, 0x59, 0x44];
