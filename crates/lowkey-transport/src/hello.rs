//! The hello: the first bytes on the wire, in the clear, bound into the handshake as its prologue (protocol §2).

use crate::error::Error;
use lowkey_core::Id;
use lowkey_core::fill;

/// The version of the wire protocol.
pub const VERSION: u8 = 1;

/// What stands before the hello in the prologue.
pub(crate) const PROLOGUE_WORD: &[u8; 8] = b"lowkey/1";
/// Version, mode and the id's length.
const FIXED: usize = 3;
/// The longest hello, in bytes.
pub(crate) const MAX_HELLO: usize = FIXED + Id::MAX;

/// Which Noise pattern a connection uses. A pinning has exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Mode {
    /// `Noise_KK_25519_ChaChaPoly_BLAKE2s`: both static keys pinned.
    Kk = 1,
    /// `Noise_KKpsk0_25519_ChaChaPoly_BLAKE2s`: both static keys pinned, and a PSK.
    KkPsk0 = 2,
    /// `Noise_XX_25519_ChaChaPoly_BLAKE2s`: pairing, judged by the application.
    Xx = 3,
    /// `Noise_XXpsk0_25519_ChaChaPoly_BLAKE2s`: pairing with a code.
    XxPsk0 = 4,
}

impl Mode {
    fn new(byte: u8) -> Option<Self> {
        [Self::Kk, Self::KkPsk0, Self::Xx, Self::XxPsk0].into_iter().find(|mode| *mode as u8 == byte)
    }

    /// The mode's short name, as Noise writes it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Kk => "KK",
            Self::KkPsk0 => "KKpsk0",
            Self::Xx => "XX",
            Self::XxPsk0 => "XXpsk0",
        }
    }
}

/// What an initiator says before the handshake, as a responder read it.
///
/// Holding one tells you nothing about who sent it: nobody has proven anything yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The mode asked for.
    pub mode: Mode,
    /// The id of the pinning, or the name of the pairing code; only XX may come without.
    pub id: Option<Id>,
}

/// How the front of a first frame reads.
pub(crate) enum Front {
    /// A hello of version 1 and its length in bytes; the Noise message is behind it.
    Hello(Hello, usize),
    /// A version that this side does not speak: nothing behind that byte can be read.
    OtherVersion,
    /// Version 1, well formed, and a mode that does not exist in it.
    OtherMode,
}

impl Hello {
    /// Writes the prologue, the word and then the hello, to the front of `out`; returns its length in bytes.
    pub(crate) fn write_prologue(mode: Mode, id: Option<&Id>, out: &mut [u8]) -> Option<usize> {
        let id = id.map_or(&[][..], Id::as_bytes);
        let len = (PROLOGUE_WORD.len() + FIXED).checked_add(id.len())?;
        let (word, hello) = out.get_mut(..len)?.split_first_chunk_mut()?;
        let (fixed, rest) = hello.split_first_chunk_mut::<FIXED>()?;
        *word = *PROLOGUE_WORD;
        *fixed = [VERSION, mode as u8, u8::try_from(id.len()).ok()?];
        fill(rest, id);
        Some(len)
    }

    /// Reads the front of a first frame.
    ///
    /// # Errors
    /// [`Error::Hello`]: of version 1 and malformed.
    pub(crate) fn read(frame: &[u8]) -> Result<Front, Error> {
        match frame {
            [version, ..] if *version != VERSION => return Ok(Front::OtherVersion),
            _ => (),
        }
        let ([_, mode, id_len], rest) = frame.split_first_chunk::<FIXED>().ok_or(Error::Hello)?;
        let id_len = usize::from(*id_len);
        let id = rest.get(..id_len).filter(|id| id.len() <= Id::MAX).ok_or(Error::Hello)?;
        let Some(mode) = Mode::new(*mode) else { return Ok(Front::OtherMode) };
        let id = Id::new(id);
        if id.is_none() && mode != Mode::Xx {
            return Err(Error::Hello);
        }
        Ok(Front::Hello(Self { mode, id }, FIXED + id_len))
    }
}

/// `lowkey/1` and the hello exactly as sent.
pub(crate) struct Prologue {
    bytes: [u8; PROLOGUE_WORD.len() + MAX_HELLO],
    len: usize,
}

impl Prologue {
    pub(crate) fn new(hello: &[u8]) -> Self {
        let mut bytes = [0; PROLOGUE_WORD.len() + MAX_HELLO];
        let (word, rest) = bytes.split_at_mut(PROLOGUE_WORD.len());
        let len = fill(word, PROLOGUE_WORD).saturating_add(fill(rest, hello));
        Self { bytes, len }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}
