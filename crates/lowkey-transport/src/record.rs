//! The kinds of records and the parts of a message (protocol §4).

use crate::error::Error;

/// What a record is, its first plaintext byte.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Data = 0,
    More = 1,
    Close = 2,
    Ping = 3,
    Pong = 4,
    /// A number, and the last piece of a message (§7).
    #[cfg(feature = "numbered")]
    Numbered = 0x80,
    /// Up to which number the peer has acknowledged (§7).
    #[cfg(feature = "numbered")]
    Ack = 0x81,
    /// What is left of `0x80..=0xff`: ignored in version 1.
    Later,
}

impl Kind {
    pub(crate) fn byte(self) -> u8 {
        self as u8
    }

    pub(crate) fn new(byte: u8) -> Result<Self, Error> {
        match byte {
            0 => Ok(Self::Data),
            1 => Ok(Self::More),
            2 => Ok(Self::Close),
            3 => Ok(Self::Ping),
            4 => Ok(Self::Pong),
            #[cfg(feature = "numbered")]
            0x80 => Ok(Self::Numbered),
            #[cfg(feature = "numbered")]
            0x81 => Ok(Self::Ack),
            0x80.. => Ok(Self::Later),
            _ => Err(Error::Kind),
        }
    }
}

/// Whether a fragment is the end of its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The message goes on in the next fragment.
    More,
    /// The last or only fragment.
    Last,
}

/// A piece of a message, in place where it was opened.
#[derive(Debug, PartialEq, Eq)]
pub struct Fragment<'r> {
    /// The bytes; may be empty.
    pub bytes: &'r mut [u8],
    /// Whether the message ends here.
    pub part: Part,
}
