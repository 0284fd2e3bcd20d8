//! The one byte that a responder may send in place of message 2 (protocol §5).

use core::fmt;

/// Why a responder turned an initiator away: a code. Anybody between can have written it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Refusal(u8);

impl Refusal {
    /// `0x01`: it does not speak this version.
    pub const VERSION: Self = Self(1);
    /// `0x02`: it does not offer this mode now.
    pub const MODE: Self = Self(2);
    /// `0x03`: too much to do now; never because of the id.
    pub const BUSY: Self = Self(3);
    /// `0x04`: not this initiator: unknown id, another mode, or keys that do not match.
    pub const REFUSED: Self = Self(4);

    /// The refusal of this code; version 1 has 1 to 4.
    pub const fn new(code: u8) -> Self {
        Self(code)
    }

    /// The byte on the wire.
    pub const fn code(&self) -> u8 {
        self.0
    }

    /// What it says, for firmware that prints without `core::fmt`.
    pub fn as_str(&self) -> &'static str {
        match *self {
            Self::VERSION => "refused: the peer does not speak this version",
            Self::MODE => "refused: the peer does not offer this mode",
            Self::BUSY => "refused: the peer is busy",
            Self::REFUSED => "refused: the peer does not know us by this id, mode and key",
            _ => "refused",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())?;
        match *self {
            Self::VERSION | Self::MODE | Self::BUSY | Self::REFUSED => Ok(()),
            Self(code) => write!(f, " ({code})"),
        }
    }
}

impl core::error::Error for Refusal {}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::VERSION => f.write_str("Version"),
            Self::MODE => f.write_str("Mode"),
            Self::BUSY => f.write_str("Busy"),
            Self::REFUSED => f.write_str("Refused"),
            Self(code) => f.debug_tuple("Other").field(&code).finish(),
        }
    }
}
